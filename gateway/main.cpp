#include "gateway/admin_client.h"
#include "gateway/audit_verify.h"
#include "gateway/crl_archive.h"
#include "gateway/explain.h"
#include "gateway/log.h"
#include "gateway/server.h"
#include "gateway/settings.h"
#include "gateway/shadow_report.h"
#include "gateway/sigv4_command.h"
#include "gateway/snapshot.h"
#include "gateway/verify_chain.h"
#include "gateway/wall_clock.h"
#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/file.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <ctime>
#include <exception>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/sha.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace sallyport::gateway;

constexpr int exit_ok = 0;
constexpr int exit_no = 1;
constexpr int exit_wrong_input = 2;
constexpr int exit_runtime = 3;

int tell(const std::vector<std::string>& faults) {
    for (const std::string& fault : faults)
        std::cerr << fault << '\n';
    return exit_wrong_input;
}

/// Everything that a start needs, or its faults on stderr.
LoadedSnapshot load(const std::string& file, Purpose purpose = Purpose::service) {
    auto settings = load_settings(file);
    if (!settings) return {nullptr, settings.error().lines, {}, {}, {}, {}};
    const auto now = now_seconds();
    return build_snapshot(std::move(*settings), nullptr, now, purpose);
}

int check(const std::string& file) {
    const LoadedSnapshot loaded = load(file);
    if (!loaded.snapshot) return tell(loaded.faults);
    const Snapshot& snapshot = *loaded.snapshot;
    if (const auto faults = unusable_logs(snapshot.settings.log); !faults.empty()) return tell(faults);
    for (const auto* lines : {&loaded.alarms, &loaded.warnings}) {
        for (const std::string& line : *lines)
            std::cerr << "warning: " << line << '\n';
    }
    std::cout << file << ": ok\n";
    for (const ListenerRules& listener : snapshot.listeners) {
        std::cout << "listener " << listener.name << ", mode " << to_string(listener.mode) << ": answers to";
        for (const std::string& host : listener.hosts)
            std::cout << ' ' << host;
        std::cout << '\n';
    }
    for (const auto* crl : snapshot.revocation.crls()) {
        std::cout << (crl->is_delta() ? "delta CRL of " : "CRL of ") << crl->issuer_name << ": number "
                  << crl->number << ", " << crl->entries << (crl->is_delta() ? " changes, " : " revoked, ")
                  << crl->origin << '\n';
    }
    return exit_ok;
}

/// A signal that comes before the server can hear it waits until it can.
void hold_signals() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
        sigaddset(&ours, signal);
    ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
}

/// Two descriptors for each connection: the usual soft limit of 1024 is soon used up.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// glibc raises the size from which it maps memory with each large block that is freed: lists of revoked
/// serials would then leave holes in the heap at every reload. A fixed size hands them back.
void return_large_blocks() {
    constexpr int large_bytes = 1 << 20;
    ::mallopt(M_MMAP_THRESHOLD, large_bytes);
}

int run(const std::string& file) {
    return_large_blocks();
    hold_signals();
    raise_descriptor_limit();
    LoadedSnapshot loaded = load(file);
    if (!loaded.snapshot) return tell(loaded.faults);
    Server server(std::move(loaded));
    server.run();
    return exit_ok;
}

int verify(const ChainFiles& files, std::int64_t unix_time, std::int64_t grace_seconds) {
    const auto verdict = verify_chain(files, std::chrono::sys_seconds(std::chrono::seconds(unix_time)),
                                      std::chrono::seconds(grace_seconds));
    if (!verdict) {
        std::cerr << verdict.error().message << '\n';
        return verdict.error().fault == sallyport::pki::Fault::input ? exit_wrong_input : exit_runtime;
    }
    for (const std::string& note : verdict->notes)
        std::cerr << note << '\n';
    if (!verdict->refusal) {
        std::cout << "ok\n";
        return exit_ok;
    }
    std::cout << sallyport::pki::to_string(verdict->refusal->reason) << '\n';
    std::cerr << verdict->refusal->detail << '\n';
    return exit_no;
}

struct ExplainOptions {
    std::string config;
    std::string certificate;
    std::string listener;
    std::optional<std::string> at;
    std::vector<std::string> requests;
    bool json = false;
};

/// RFC 3339 in UTC, as logs have it.
std::optional<std::chrono::sys_seconds> parse_time(const std::string& text) {
    std::tm broken{};
    const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &broken);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return std::chrono::sys_seconds(std::chrono::seconds(timegm(&broken)));
}

int explain_device(const ExplainOptions& options) {
    auto at = now_seconds();
    if (options.at) {
        const auto parsed = parse_time(*options.at);
        if (!parsed) return tell({"--at: '" + *options.at + "' is not a time such as 2026-01-31T12:00:00Z"});
        at = *parsed;
    }
    const LoadedSnapshot loaded = load(options.config, Purpose::explanation);
    if (!loaded.snapshot) return tell(loaded.faults);
    for (const auto* lines : {&loaded.alarms, &loaded.warnings}) {
        for (const std::string& line : *lines)
            std::cerr << "warning: " << line << '\n';
    }
    const auto asked = [&](const ListenerRules& rules) {
        return rules.admission->asks() && (options.listener.empty() || options.listener == rules.name);
    };
    const auto& listeners = loaded.snapshot->listeners;
    const auto listener = std::ranges::find_if(listeners, asked);
    if (listener == listeners.end()) {
        return tell({options.config + ": no listener " +
                     (options.listener.empty() ? "" : options.listener + " ") + "asks for certificates"});
    }
    const auto pem = sallyport::pki::read_file(options.certificate, 1U << 20U);
    if (!pem) return tell({pem.error().message});
    auto chain = sallyport::pki::parse_certificates(*pem, options.certificate);
    if (!chain) return tell({chain.error().message});
    const Explanation explanation =
        explain(*loaded.snapshot, *listener, std::move(*chain), at, options.requests);
    std::cout << (options.json ? as_json(explanation) : as_text(explanation));
    const auto denied = [](const ExplainedRequest& request) { return request.denial.has_value(); };
    return explanation.refusal || std::ranges::any_of(explanation.requests, denied) ? exit_no : exit_ok;
}

/// Lets a CRL take effect although it un-revokes certificates.
int accept_crl(const std::string& file, const std::string& crl_file) {
    auto settings = load_settings(file);
    if (!settings) return tell(settings.error().lines);
    if (settings->state.empty())
        return tell({file + ": 'state' is missing: without it nothing is accepted for later"});
    const CrlArchive archive(settings->state);
    if (const auto prepared = archive.prepare(); !prepared) return tell({prepared.error().message});
    auto content = sallyport::pki::read_file(crl_file, settings->limits.crl_bytes);
    if (!content) return tell({content.error().message});
    const auto crls = sallyport::pki::split_crl_file(std::move(*content));
    if (!crls) return tell({crl_file + ": " + crls.error().message});
    for (const std::string& der : *crls) {
        std::uint8_t digest[SHA256_DIGEST_LENGTH];
        SHA256(reinterpret_cast<const unsigned char*>(der.data()), der.size(), digest);
        const std::string sha256 = sallyport::pki::hex(digest);
        if (const auto accepted = archive.accept(sha256); !accepted) return tell({accepted.error().message});
        std::cout << "accepted " << sha256 << "; a running gateway takes it up at once\n";
    }
    return exit_ok;
}

struct ShadowReportOptions {
    bool all = false;
    bool json = false;
};

int report_shadow(const std::string& file, const ShadowReportOptions& options) {
    const auto settings = load_settings(file);
    if (!settings) return tell(settings.error().lines);
    const ShadowReport report = fetch_shadow_report(settings->admin, options.all);
    std::cout << (options.json ? report.json : report.text);
    return report.is_clean ? exit_ok : exit_no;
}

int verify_audit(const std::vector<std::string>& files, const std::string& head) {
    const auto verdict = verify_audit_files(files, head);
    if (!verdict) {
        std::cerr << verdict.error().message << '\n';
        return exit_runtime;
    }
    std::cout << verdict->text << '\n';
    return verdict->is_whole ? exit_ok : exit_no;
}

/// For health checks of containers: the image has no other program that could ask.
int tell_health(const std::string& file, bool only_alive) {
    constexpr std::uint64_t max_bytes = 1U << 20U;
    constexpr std::chrono::seconds patience{3};
    const auto settings = load_settings(file);
    if (!settings) return tell(settings.error().lines);
    const AdminAnswer answer =
        ask_admin(settings->admin, only_alive ? "/healthz" : "/readyz", ShowToken::no, max_bytes, patience);
    std::cout << answer.body;
    return answer.status == 200 ? exit_ok : exit_no;
}

/// The secret key comes in on standard input: a command line is seen by everybody.
int sign_for_support() {
    std::string input{std::istreambuf_iterator<char>(std::cin), {}};
    const auto stages = sigv4_stages(input);
    sallyport::pki::wipe(input);
    if (!stages) return tell({stages.error().message});
    std::cout << *stages;
    return exit_ok;
}

/// A file that is opened later must not be taken for a stream that whoever started us has closed.
void fill_standard_streams() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", O_RDWR);  // the lowest number that is free
    }
}

/// Keys are in this process: they must not end up in a core file.
void forbid_core_files() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace

int main(int argc, char** argv) {
    fill_standard_streams();
    CLI::App app("TLS-terminating S3 gateway with device mutual authentication");
    app.set_version_flag("--version", SALLYPORT_VERSION);
    app.require_subcommand(1);
    std::string file;
    auto* run_command = app.add_subcommand("run", "serve; SIGHUP or a changed file reloads, SIGTERM drains");
    run_command->add_option("--config", file, "configuration (YAML)")->required();
    auto* check_command =
        app.add_subcommand("check", "say whether a start with this configuration would succeed");
    check_command->add_option("--config", file, "configuration (YAML)")->required();
    ExplainOptions explain_options;
    auto* explain_command = app.add_subcommand(
        "explain", "say whether a device would be let in, by which CRL, and what it may do");
    explain_command->add_option("--config", explain_options.config, "configuration (YAML)")->required();
    explain_command
        ->add_option("--cert", explain_options.certificate, "the device's certificate and chain (PEM)")
        ->required();
    explain_command->add_option("--listener", explain_options.listener,
                                "whose rules; default the first that asks for certificates");
    explain_command->add_option("--at", explain_options.at,
                                "time, such as 2026-01-31T12:00:00Z; default now");
    explain_command->add_option("--request", explain_options.requests,
                                "such as 'PUT /bucket/key' or 'PUT https://host/key'; may be repeated");
    explain_command->add_flag("--json", explain_options.json, "for machines");
    explain_command->footer(
        "Exit status: 0 let in and every request allowed, 1 refused or a request denied, 2 unusable input.\n"
        "Without 'state' in the configuration only the files on disk are known, not what a running gateway "
        "keeps in force against them.");
    std::string crl_file;
    auto* accept_command =
        app.add_subcommand("accept-crl", "let a CRL take effect although it un-revokes certificates");
    accept_command->add_option("--config", file, "configuration (YAML)")->required();
    accept_command->add_option("--crl", crl_file, "the CRL (PEM or DER)")->required();
    ShadowReportOptions shadow_options;
    auto* shadow_command = app.add_subcommand(
        "shadow-report", "say which devices of a listener in shadow mode would not be served by mode high");
    shadow_command->add_option("--config", file, "configuration (YAML) of the running gateway")->required();
    shadow_command->add_flag("--all", shadow_options.all, "also list those that would be");
    shadow_command->add_flag("--json", shadow_options.json, "for machines");
    shadow_command->footer(
        "Exit status: 0 all would be served, 1 some would not or are not known, 3 no gateway answers.");
    bool only_alive = false;
    auto* health_command = app.add_subcommand("health", "ask a running gateway whether it takes connections");
    health_command->add_option("--config", file, "configuration (YAML) of the running gateway")->required();
    health_command->add_flag("--live", only_alive, "only whether it works: a gateway that drains still does");
    health_command->footer("Exit status: 0 yes, 1 no (it drains), 3 no gateway answers.");
    std::vector<std::string> audit_files;
    std::string audit_head;
    auto* audit_command = app.add_subcommand("audit", "look into audit logs");
    audit_command->require_subcommand(1);
    auto* verify_audit_command =
        audit_command->add_subcommand("verify", "say whether an audit log is whole; exit 1 and where if not");
    verify_audit_command->add_option("FILE", audit_files, "the oldest first; - is standard input")
        ->required();
    verify_audit_command
        ->add_option("--head", audit_head, "a hash that was noted before: it must stand in the log")
        ->check([](const std::string& text) {
            const bool is_hash = text.size() == 64 && std::ranges::all_of(text, [](unsigned char c) {
                                     return std::isxdigit(c) != 0;
                                 });
            return std::string(is_hash ? "" : "a hash has 64 hexadecimal digits");
        });
    verify_audit_command->footer(
        "Exit status: 0 whole, 1 the chain is broken or lacks the hash, 3 a file cannot be read.");
    auto* sigv4_command = app.add_subcommand(
        "sigv4", "for support: sign the request that is described on standard input (JSON), stage by stage");
    sigv4_command->footer(
        "Members: method, target, headers ([[name, value], ...]), payload_hash, access_key, secret_key,\n"
        "session_token, region, service, date, mode (header or query), expires, signed_headers.");
    ChainFiles files;
    std::int64_t unix_time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    auto* verify_command = app.add_subcommand(
        "verify-chain", "say whether a chain would be let in; exit 1 and the reason if not");
    verify_command->add_option("--trust", files.trust, "anchors (PEM)")->required();
    verify_command->add_option("--crl", files.crl, "all CRLs (PEM or DER); may be empty")->required();
    verify_command->add_option("--chain", files.chain, "the peer's certificate, then what it sent (PEM)")
        ->required();
    verify_command->add_option("--time", unix_time, "seconds since 1970; default now");
    std::int64_t grace_seconds = 0;
    verify_command->add_option("--grace", grace_seconds, "seconds for which an expired CRL is enforced")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{30 * 24 * 3600}))
        ->capture_default_str();
    verify_command->footer(
        "Exit status: 0 let in, 1 refused (the reason is on standard output), 2 unusable input.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_ok : exit_wrong_input;
    }
    forbid_core_files();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a log that has reached RLIMIT_FSIZE is one more full disk
    try {
        if (explain_command->parsed()) return explain_device(explain_options);
        if (shadow_command->parsed()) return report_shadow(file, shadow_options);
        if (verify_audit_command->parsed()) return verify_audit(audit_files, audit_head);
        if (health_command->parsed()) return tell_health(file, only_alive);
        if (accept_command->parsed()) return accept_crl(file, crl_file);
        if (sigv4_command->parsed()) return sign_for_support();
        if (verify_command->parsed()) return verify(files, unix_time, grace_seconds);
        return check_command->parsed() ? check(file) : run(file);
    } catch (const std::exception& error) {
        std::cerr << "sallyport-gateway: " << error.what() << '\n';
        return exit_runtime;
    }
}
