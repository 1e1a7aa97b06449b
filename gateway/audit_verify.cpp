#include "gateway/audit_verify.h"

#include "gateway/rules/audit_chain.h"
#include "pki/descriptor.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_line_bytes = max_audit_line_bytes + max_torn_bytes;

/// The lines of one file, in bounded memory.
class Lines {
  public:
    Lines(std::string name, AuditVerifier& verifier) : name_(std::move(name)), verifier_(verifier) {}

    /// False when nothing more need be read.
    bool take(std::string_view block) {
        while (!block.empty()) {
            const std::size_t end = block.find('\n');
            line_ += block.substr(0, end);
            // Longer than any: handed over as far as it was read, it is none.
            if (line_.size() > max_line_bytes) return take_line() && false;
            if (end == std::string_view::npos) return true;
            block.remove_prefix(end + 1);
            if (!take_line()) return false;
        }
        return true;
    }
    /// A last line without an end is one, too.
    bool finish() { return line_.empty() || take_line(); }

  private:
    bool take_line() {
        const bool goes_on = verifier_.take(line_, name_ + ":" + std::to_string(number_));
        ++number_;
        line_.clear();
        return goes_on;
    }

    std::string name_;
    AuditVerifier& verifier_;
    std::uint64_t number_ = 1;
    std::string line_;
};

pki::Error unreadable(const std::string& name) {
    return {pki::Fault::runtime, name + ": " + std::strerror(errno)};
}

/// False when nothing more need be read.
pki::Result<bool> read(const std::string& name, AuditVerifier& verifier) {
    const bool is_input = name == "-";
    const pki::Descriptor file(is_input ? -1 : ::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!is_input && file.get() < 0) return unreadable(name);
    const int descriptor = is_input ? STDIN_FILENO : file.get();
    Lines lines(is_input ? "standard input" : name, verifier);
    std::array<char, 64 * 1024> block;
    for (;;) {
        const ssize_t count = ::read(descriptor, block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(name);
        if (count == 0) return lines.finish();
        if (!lines.take({block.data(), static_cast<std::size_t>(count)})) return false;
    }
}

std::string summary(const AuditVerifier& verifier) {
    std::string text = "OK: " + std::to_string(verifier.lines()) + " lines, numbers " +
                       std::to_string(verifier.first_number()) + " to " +
                       std::to_string(verifier.head().number) + ", " + verifier.first_time() + " to " +
                       verifier.last_time() + ", head " + verifier.head().hash;
    if (verifier.torn_lines() > 0)
        text += "\n" + std::to_string(verifier.torn_lines()) +
                " torn by a process that was killed or a disk that was full, and recorded";
    if (verifier.first_number() > 1) {
        text += "\nwhat was before number " + std::to_string(verifier.first_number()) +
                " is not in these files: it was not judged";
    }
    return text;
}

}  // namespace

pki::Result<AuditVerdict> verify_audit_files(const std::vector<std::string>& files, const std::string& head) {
    std::string wanted = head;
    std::ranges::transform(wanted, wanted.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    AuditVerifier verifier(wanted);
    for (const std::string& name : files) {
        const auto goes_on = read(name, verifier);
        if (!goes_on) return goes_on.error();
        if (!*goes_on) break;
    }
    if (auto fault = verifier.finish()) return AuditVerdict{false, std::move(*fault)};
    return AuditVerdict{true, summary(verifier)};
}

}  // namespace sallyport::gateway
