#include "tests/bench/revocation/random_crl.h"

#include "tests/support/certificates.h"
#include "tests/support/crl_writer.h"

#include <cstring>
#include <stdexcept>

namespace sallyport::bench {
namespace {

using pki::CrlReason;
using test::tlv;

constexpr std::size_t block_bytes = 64 * 1024;

std::size_t encoded_size(std::size_t content) {
    std::size_t length_octets = 1;
    if (content >= 0x80) {
        for (std::size_t rest = content; rest > 0; rest >>= 8U)
            ++length_octets;
    }
    return 1 + length_octets + content;
}

/// Identifier and length of an element whose content follows.
std::string header(unsigned tag, std::size_t content) {
    std::string text(1, static_cast<char>(tag));
    const std::size_t octets = encoded_size(content) - content - 2;
    text += static_cast<char>(octets == 0 ? content : 0x80U | octets);
    for (std::size_t i = octets; i > 0; --i)
        text += static_cast<char>(content >> (8 * (i - 1)));
    return text;
}

std::string number_octets(std::uint64_t number) {
    std::string octets;
    for (; octets.empty() || number > 0; number >>= 8U)
        octets.insert(octets.begin(), static_cast<char>(number));
    if ((static_cast<unsigned char>(octets[0]) & 0x80U) != 0) octets.insert(octets.begin(), '\0');
    return octets;
}

/// RFC 5280 5.1.2.4: UTCTime through 2049.
std::string time(std::chrono::sys_seconds at) {
    constexpr std::chrono::sys_seconds generalized_from{
        std::chrono::sys_days{std::chrono::year{2050} / 1 / 1}};
    const std::string text = test::time_text(at);
    return at < generalized_from ? test::utc_time(text.substr(2)) : test::generalized_time(text);
}

std::string authority_key_id(const X509& authority) {
    const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(const_cast<X509*>(&authority));
    if (id == nullptr) return "";
    return test::authority_key_id({reinterpret_cast<const char*>(ASN1_STRING_get0_data(id)),
                                   static_cast<std::size_t>(ASN1_STRING_length(id))});
}

std::string signature_algorithm(const EVP_PKEY& key) {
    constexpr unsigned sha256_with_rsa = 11;
    constexpr unsigned ecdsa_with_sha256 = 2;
    switch (EVP_PKEY_get_base_id(&key)) {
        case EVP_PKEY_RSA:
            return test::rsa_with(sha256_with_rsa);
        case EVP_PKEY_EC:
            return test::ecdsa_with_sha2(ecdsa_with_sha256);
        default:
            throw std::runtime_error("an authority with neither an RSA nor an EC key");
    }
}

/// A tBSCertList in the making: all of it but the entries, which are made when they are asked for.
class Draft {
  public:
    Draft(const RandomCrl& crl, const X509& authority, const EVP_PKEY& key)
        : crl_(crl), algorithm_(signature_algorithm(key)) {
        const std::string date = time(crl.this_update);
        if (crl.reason != CrlReason::none)
            reason_ = tlv(0x30, test::reason_code(static_cast<unsigned>(crl.reason)));
        tail_ = date + reason_;
        before_ =
            test::integer("\x01") + algorithm_ + test::name_der(authority) + date + time(crl.next_update);
        after_ = tlv(
            0xA0, test::sequence({authority_key_id(authority), test::crl_number(number_octets(crl.number))}));
        if (entries_size() > 0) before_ += header(0x30, entries_size());
    }

    const std::string& algorithm() const { return algorithm_; }
    std::size_t size() const { return encoded_size(content_size()); }

    void write(const Sink& sink) const {
        std::string block = header(0x30, content_size()) + before_;
        const auto append = [&](std::string_view serial) {
            block += header(0x30, entry_content(serial.size()));
            block += header(0x02, serial.size());
            block += serial;
            block += tail_;
            if (block.size() < block_bytes) return;
            sink(block);
            block.clear();
        };
        for (const std::string& serial : crl_.also)
            append(serial);
        RandomSerials serials(crl_.seed, crl_.serial_octets);
        for (std::size_t i = 0; i < crl_.entries; ++i)
            append(serials.next());
        sink(block + after_);
    }

  private:
    std::size_t entry_content(std::size_t serial) const { return encoded_size(serial) + tail_.size(); }
    std::size_t entries_size() const {
        std::size_t size = crl_.entries * encoded_size(entry_content(crl_.serial_octets));
        for (const std::string& serial : crl_.also)
            size += encoded_size(entry_content(serial.size()));
        return size;
    }
    std::size_t content_size() const { return before_.size() + entries_size() + after_.size(); }

    const RandomCrl& crl_;
    std::string algorithm_;
    std::string reason_;
    std::string tail_;  ///< of each entry: the date and what follows it
    std::string before_;
    std::string after_;
};

std::string sign(const Draft& draft, EVP_PKEY& key) {
    const pki::DigestContextPtr context(EVP_MD_CTX_new());
    bool good = context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, &key) == 1;
    draft.write([&](std::string_view block) {
        good = good && EVP_DigestSignUpdate(context.get(), block.data(), block.size()) == 1;
    });
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(&key)), '\0');
    std::size_t size = signature.size();
    good = good &&
           EVP_DigestSignFinal(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size) == 1;
    if (!good) throw std::runtime_error(pki::take_openssl_errors("cannot sign a CRL"));
    signature.resize(size);
    return signature;
}

/// Base64 in lines of 64 characters.
class Base64Writer {
  public:
    explicit Base64Writer(const Sink& sink) : sink_(sink), context_(EVP_ENCODE_CTX_new()) {
        EVP_EncodeInit(context_.get());
    }

    void write(std::string_view data) {
        text_.resize(data.size() * 3 / 2 + 128);
        int size = 0;
        EVP_EncodeUpdate(context_.get(), out(), &size, reinterpret_cast<const unsigned char*>(data.data()),
                         static_cast<int>(data.size()));
        pass_on(size);
    }

    void finish() {
        text_.resize(128);
        int size = 0;
        EVP_EncodeFinal(context_.get(), out(), &size);
        pass_on(size);
    }

  private:
    unsigned char* out() { return reinterpret_cast<unsigned char*>(text_.data()); }
    void pass_on(int size) { sink_(std::string_view(text_).substr(0, static_cast<std::size_t>(size))); }

    const Sink& sink_;
    std::unique_ptr<EVP_ENCODE_CTX, pki::Releaser<&EVP_ENCODE_CTX_free>> context_;
    std::string text_;
};

}  // namespace

std::string_view RandomSerials::next() {
    for (std::size_t at = 0; at < octets_; at += sizeof(std::uint64_t)) {
        const std::uint64_t bits = random_();
        std::memcpy(serial_.data() + at, &bits, sizeof bits);
    }
    const auto first = static_cast<unsigned char>(serial_[0]);
    serial_[0] = static_cast<char>(1 + first % 0x7F);  // positive, and no octet too many
    return {serial_.data(), octets_};
}

void write_der(const RandomCrl& crl, const X509& authority, EVP_PKEY& key, const Sink& sink) {
    const Draft draft(crl, authority, key);
    const std::string rest = draft.algorithm() + test::bit_string(sign(draft, key));
    sink(header(0x30, draft.size() + rest.size()));
    draft.write(sink);
    sink(rest);
}

void write_pem(const RandomCrl& crl, const X509& authority, EVP_PKEY& key, const Sink& sink) {
    sink("-----BEGIN X509 CRL-----\n");
    Base64Writer base64(sink);
    write_der(crl, authority, key, [&](std::string_view block) { base64.write(block); });
    base64.finish();
    sink("-----END X509 CRL-----\n");
}

}  // namespace sallyport::bench
