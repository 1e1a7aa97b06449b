#include "gateway/server.h"
#include "gateway/settings.h"
#include "gateway/snapshot.h"
#include "gateway/verify_chain.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>

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
LoadedSnapshot load(const std::string& file) {
    auto settings = load_settings(file);
    if (!settings) return {nullptr, settings.error().lines, {}};
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return build_snapshot(std::move(*settings), nullptr, now);
}

int check(const std::string& file) {
    const LoadedSnapshot loaded = load(file);
    if (!loaded.snapshot) return tell(loaded.faults);
    const Snapshot& snapshot = *loaded.snapshot;
    std::cout << file << ": ok\n";
    for (const ListenerRules& listener : snapshot.listeners) {
        std::cout << "listener " << listener.name << ": answers to";
        for (const std::string& host : listener.hosts)
            std::cout << ' ' << host;
        std::cout << '\n';
    }
    for (const auto* crl : snapshot.revocation.crls()) {
        std::cout << "CRL of " << crl->issuer_name << ": number " << crl->number << ", " << crl->entries
                  << " revoked, " << crl->origin << '\n';
    }
    return exit_ok;
}

int run(const std::string& file) {
    LoadedSnapshot loaded = load(file);
    if (!loaded.snapshot) return tell(loaded.faults);
    Server server(std::move(loaded.snapshot), loaded.crls);
    server.run();
    return exit_ok;
}

int verify(const ChainFiles& files, std::int64_t unix_time) {
    const auto verdict = verify_chain(files, std::chrono::sys_seconds(std::chrono::seconds(unix_time)));
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

/// Keys are in this process: they must not end up in a core file.
void forbid_core_files() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("TLS-terminating S3 gateway with device mutual authentication");
    app.set_version_flag("--version", SALLYPORT_VERSION);
    app.require_subcommand(1);
    std::string file;
    auto* run_command = app.add_subcommand("run", "serve; SIGHUP or a changed file reloads, SIGTERM drains");
    run_command->add_option("--config", file, "configuration (YAML)")->required();
    auto* check_command =
        app.add_subcommand("check", "say whether a start with this configuration would succeed");
    check_command->add_option("--config", file, "configuration (YAML)")->required();
    ChainFiles files;
    std::int64_t unix_time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    auto* verify_command = app.add_subcommand(
        "verify-chain", "say whether a chain would be let in; exit 1 and the reason if not");
    verify_command->add_option("--trust", files.trust, "anchors (PEM)")->required();
    verify_command->add_option("--crl", files.crl, "all CRLs (PEM or DER); may be empty")->required();
    verify_command->add_option("--chain", files.chain, "the peer's certificate, then what it sent (PEM)")
        ->required();
    verify_command->add_option("--time", unix_time, "seconds since 1970; default now");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_ok : exit_wrong_input;
    }
    forbid_core_files();
    std::signal(SIGPIPE, SIG_IGN);
    try {
        if (verify_command->parsed()) return verify(files, unix_time);
        return check_command->parsed() ? check(file) : run(file);
    } catch (const std::exception& error) {
        std::cerr << "sallyport-gateway: " << error.what() << '\n';
        return exit_runtime;
    }
}
