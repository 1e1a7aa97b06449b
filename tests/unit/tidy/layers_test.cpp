#include "tests/unit/tidy/source_files.h"

#include <map>
#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace sallyport::tidy {
namespace {

/// What each folder may include. An arrow that is missing here is missing on purpose.
const std::map<std::string, std::set<std::string>> layers = {
    {"s3", {"s3"}},
    {"pki", {"pki"}},
    {"pki/tool", {"pki/tool", "pki/tool/publication", "pki", "s3", "config"}},
    {"pki/tool/publication", {"pki/tool/publication", "pki", "s3", "config"}},
    {"config", {"config"}},
    {"gateway/rules", {"gateway/rules", "s3", "pki"}},
    {"gateway", {"gateway", "gateway/rules", "s3", "pki", "config"}},
    {"firmware-client", {"firmware-client", "s3", "pki", "config"}},
};

std::vector<SourceFile> product_files() {
    std::vector<SourceFile> files;
    for (const auto* folder : {"s3", "pki", "config", "gateway", "firmware-client"}) {
        std::ranges::move(files_below(folder, {".h", ".cpp"}), std::back_inserter(files));
    }
    return files;
}

struct Include {
    std::size_t line;
    std::string spelling;  ///< with its quotes or angle brackets
    std::string path;
};

std::vector<Include> includes_of(const std::string& text) {
    static const std::regex directive(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">])re");
    std::vector<Include> includes;
    for (std::sregex_iterator it(text.begin(), text.end(), directive), end; it != end; ++it) {
        const auto at = static_cast<std::size_t>(it->position(2));
        includes.push_back({line_of(text, at), (*it)[1].str() + (*it)[2].str(), (*it)[2].str()});
    }
    return includes;
}

std::string folder_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    return slash == path.npos ? "" : path.substr(0, slash);
}

/// Why this include may not stand in a file of that folder; empty when it may.
std::string fault_of_include(const std::string& folder, const Include& include) {
    if (!include.spelling.starts_with('"')) return "";
    const auto layer = layers.find(folder);
    if (layer == layers.end()) return folder + " is in no layer";
    if (!layer->second.contains(folder_of(include.path))) return folder + " must not include " + include.path;
    return "";
}

/// A rule sees neither sockets nor clocks nor files nor threads: time and randomness are its parameters.
bool is_pure(const Include& include) {
    static const std::regex impure(
        R"re(<(boost/(asio|beast|filesystem|thread|process|chrono)|spdlog|sys/|netinet/|arpa/|net/)re"
        R"re(|openssl/(ssl|rand|bio)\.h|(netdb|unistd|fcntl|poll|pthread|signal|time|stdio)\.h)re"
        R"re(|(ctime|cstdio|iostream|fstream|filesystem|thread|mutex|shared_mutex|condition_variable)re"
        R"re(|future|semaphore|latch|barrier|stop_token|random)$))re"
        R"re(|"pki/(file|socket_bio|tls_client|tls_server|session_cache|key|issue)\.h$)re");
    return !std::regex_search(include.spelling, impure);
}

const std::regex impure_call(R"re(\b\w*_clock::now\b|\b(std::time|::time|getenv|RAND_\w*bytes)\s*\()re");

/// X509_free(, BIO_free_all(, OPENSSL_free(, sk_X509_pop_free( ...
const std::regex openssl_free(R"re(\b([A-Z]\w*|sk_\w+)_free(_all|_ex)?\s*\()re");

TEST(Layers, includes_follow_them) {
    for (const SourceFile& file : product_files()) {
        for (const Include& include : includes_of(file.text)) {
            const std::string fault = fault_of_include(file.folder(), include);
            EXPECT_EQ(fault, "") << file.path << ":" << include.line;
        }
    }
}

TEST(Layers, includes_start_at_the_root) {
    for (const auto& folder : {"s3", "pki", "config", "gateway", "firmware-client", "tests"}) {
        for (const SourceFile& file : files_below(folder, {".h", ".cpp"})) {
            for (const Include& include : includes_of(file.text)) {
                if (!include.spelling.starts_with('"')) continue;
                EXPECT_TRUE(std::filesystem::exists(SALLYPORT_SOURCE_DIR "/" + include.path))
                    << file.path << ":" << include.line << ": \"" << include.path << '"';
            }
        }
    }
}

TEST(Layers, rules_are_pure) {
    for (const SourceFile& file : files_below("gateway/rules", {".h", ".cpp"})) {
        for (const Include& include : includes_of(file.text))
            EXPECT_TRUE(is_pure(include)) << file.path << ":" << include.line << ": " << include.path;
        const std::string code = code_of(file.text);
        std::smatch call;
        EXPECT_FALSE(std::regex_search(code, call, impure_call))
            << file.path << ":" << line_of(code, static_cast<std::size_t>(call.position())) << ": "
            << call.str();
    }
}

TEST(Layers, only_pki_releases_openssl_objects) {
    for (const auto& folder : {"s3", "config", "gateway", "firmware-client", "tests"}) {
        for (const SourceFile& file : files_below(folder, {".h", ".cpp"})) {
            const std::string code = code_of(file.text);
            std::smatch call;
            EXPECT_FALSE(std::regex_search(code, call, openssl_free))
                << file.path << ":" << line_of(code, static_cast<std::size_t>(call.position())) << ": "
                << call.str();
        }
    }
}

TEST(Files, stay_short) {
    constexpr std::ptrdiff_t max_lines = 450;
    for (const auto& folder : {"s3", "pki", "config", "gateway", "firmware-client", "tests"}) {
        for (const SourceFile& file : files_below(folder, {".h", ".cpp", ".py"}))
            EXPECT_LE(std::ranges::count(file.text, '\n'), max_lines) << file.path;
    }
}

// ---- the checks themselves ----------------------------------------------------------------------

struct IncludeCase {
    const char* name;
    const char* folder;
    const char* text;
    bool allowed;
};

const IncludeCase include_cases[] = {
    {"own_folder", "s3", "#include \"s3/uri.h\"", true},
    {"sideways", "s3", "#include \"pki/der.h\"", false},
    {"down", "gateway", "#include \"gateway/rules/policy.h\"", true},
    {"up", "gateway/rules", "#include \"gateway/settings.h\"", false},
    {"up_with_spaces", "gateway/rules", "  #  include  \"gateway/settings.h\"", false},
    {"after_another", "gateway/rules", "#include \"s3/uri.h\"\n#include \"config/yaml_reader.h\"", false},
    {"tool_uses_library", "pki/tool", "#include \"pki/crl.h\"", true},
    {"tool_uses_store_protocol", "pki/tool", "#include \"s3/sigv4.h\"", true},
    {"tool_uses_gateway", "pki/tool/publication", "#include \"gateway/settings.h\"", false},
    {"publication_uses_depot", "pki/tool/publication", "#include \"pki/tool/depot.h\"", false},
    {"library_uses_tool", "pki", "#include \"pki/tool/index.h\"", false},
    {"device_uses_gateway", "firmware-client", "#include \"gateway/rules/policy.h\"", false},
    {"not_from_the_root", "gateway/rules", "#include \"policy.h\"", false},
    {"unknown_folder", "gateway/other", "#include \"gateway/other/a.h\"", false},
    {"system_header", "s3", "#include <pki/der.h>", true},
};

class Includes : public testing::TestWithParam<IncludeCase> {};

TEST_P(Includes, are_judged) {
    bool allowed = true;
    for (const Include& include : includes_of(GetParam().text))
        allowed = allowed && fault_of_include(GetParam().folder, include).empty();
    EXPECT_EQ(allowed, GetParam().allowed);
}
INSTANTIATE_TEST_SUITE_P(table, Includes, testing::ValuesIn(include_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Layers, know_what_is_impure) {
    for (const auto* header : {"<algorithm>", "<chrono>", "<regex>", "<cstring>", "<boost/system/result.hpp>",
                               "\"pki/chain_verifier.h\"", "\"pki/certificate.h\"", "<ratio>"}) {
        EXPECT_TRUE(is_pure(includes_of(std::string("#include ") + header).front())) << header;
    }
    for (const auto* header : {"<thread>", "<fstream>", "<filesystem>", "<mutex>", "<boost/asio/ip/tcp.hpp>",
                               "<sys/socket.h>", "<unistd.h>", "<ctime>", "<random>", "<openssl/rand.h>",
                               "\"pki/file.h\"", "\"pki/tls_server.h\""}) {
        EXPECT_FALSE(is_pure(includes_of(std::string("#include ") + header).front())) << header;
    }
    EXPECT_TRUE(std::regex_search("auto now = std::chrono::system_clock::now();", impure_call));
    EXPECT_FALSE(std::regex_search("std::chrono::sys_seconds now = at;", impure_call));
}

TEST(Layers, know_an_openssl_free) {
    for (const auto* call : {"X509_free(x)", "BIO_free_all (b)", "OPENSSL_free(p)", "sk_X509_pop_free(s, f)",
                             "EVP_PKEY_free(k)"}) {
        EXPECT_TRUE(std::regex_search(call, openssl_free)) << call;
    }
    for (const auto* other : {"std::free(p)", "Releaser<&X509_free>", "lock_free()", "is_always_lock_free"})
        EXPECT_FALSE(std::regex_search(other, openssl_free)) << other;
}

TEST(CodeOf, blanks_comments_and_literals) {
    EXPECT_EQ(code_of("a; // b\nc;"), "a;     \nc;");
    EXPECT_EQ(code_of("a /* b\nc */ d"), "a     \n     d");
    EXPECT_EQ(code_of("f(\"x // \\\" y\"); g"), "f(\"         \"); g");
    EXPECT_EQ(code_of("'\\'' + 10'000 + '\"' + x"), "'  ' + 10'000 + ' ' + x");
    EXPECT_EQ(code_of("R\"(a\"b)\" c"), "R\"(   )\" c");
}

}  // namespace
}  // namespace sallyport::tidy
