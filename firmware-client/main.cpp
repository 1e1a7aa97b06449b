#include "firmware-client/commands.h"
#include "firmware-client/simulate_command.h"

#include <csignal>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

namespace {

using sallyport::device::CipherGroup;
using sallyport::device::DeviceOptions;
using sallyport::device::RecordPlan;
using sallyport::device::SimulationOptions;

void add_tls_options(CLI::App& command, bool& modern, std::optional<CipherGroup>& group) {
    CLI::Option* const flag = command.add_flag("--modern", modern, "Allow TLS 1.3 besides 1.2");
    command
        .add_option_function<int>(
            "--cipher-group", [&group](int number) { group = static_cast<CipherGroup>(number - 1); },
            "Offer only this cipher group, instead of the next after each failed handshake")
        ->check(CLI::Range(1, 3))
        ->excludes(flag);
}

CLI::App* add_simulate(CLI::App& app, SimulationOptions& options) {
    CLI::App* const command = app.add_subcommand("simulate", "Let a fleet of devices visit its gateway");
    command
        ->add_option("--fleet", options.fleet, "Holds a folder for each device, or a depot of sallyport-pki")
        ->required();
    command->add_option("--devices", options.devices, "How many of them")
        ->required()
        ->check(CLI::Range(1, 100'000));
    command->add_option("--config", options.configuration, "Configuration of all, instead of their own");
    command->add_option("--trust", options.trust, "certs_server.p7b of all, instead of their own");
    command->add_option("--gateway", options.gateway,
                        "The host that may be spoken to, if it is not loopback");
    command
        ->add_option_function<unsigned>(
            "--seconds", [&options](unsigned seconds) { options.time = std::chrono::seconds{seconds}; },
            "How long; 60 by default")
        ->check(CLI::Range(1, 86'400));
    command
        ->add_option_function<unsigned>(
            "--period", [&options](unsigned seconds) { options.period = std::chrono::seconds{seconds}; },
            "Seconds between two visits of a device, +-20 %; 60 by default")
        ->check(CLI::Range(1, 86'400));
    command->add_option("--at-once", options.at_once, "Visits at the same time, at most")
        ->check(CLI::Range(1, 1'000));
    command
        ->add_option(
            "--upload-bytes", options.upload_bytes,
            "Put a log file of this size at each visit (session 99999999); by default nothing is written")
        ->check(CLI::Range(0, 512'000'000));
    add_tls_options(*command, options.modern, options.cipher_group);
    return command;
}

int run(int argc, char** argv) {
    CLI::App app{"Uploads the log files of a device's SD card to its S3 server."};
    app.require_subcommand(1);
    DeviceOptions options;
    int (*command)(const DeviceOptions&) = nullptr;
    const auto add = [&](const char* name, const char* what, int (*function)(const DeviceOptions&)) {
        CLI::App* const subcommand = app.add_subcommand(name, what);
        subcommand->add_option("--card", options.card, "The card: the folder that holds the device's state")
            ->required();
        subcommand->add_option("--id", options.id,
                               "Device ID, 8 upper-case hexadecimal digits; instead of the card's");
        subcommand->add_option("--firmware-hook", options.firmware_hook,
                               "Program that puts a firmware image in force; called with image and version");
        subcommand->add_flag("--enrol", options.enrol, "Ask for a device certificate when there is none");
        add_tls_options(*subcommand, options.modern, options.cipher_group);
        subcommand->callback([&command, function] { command = function; });
    };
    add("once", "Upload all that waits, then end", &sallyport::device::run_once);
    add("run", "Keep uploading until SIGTERM", &sallyport::device::run_forever);
    add("status", "Show identity, trust and queue", &sallyport::device::print_status);
    RecordPlan plan;
    bool wants_record = false;
    CLI::App* const recording = app.add_subcommand("record", "Write log files to the card, for tests");
    recording->add_option("--card", options.card, "The card")->required();
    recording->add_option("--id", options.id, "Device ID, instead of the card's");
    recording->add_option("--files", plan.files, "How many")->check(CLI::Range(1, 100'000));
    recording->add_option("--bytes", plan.file_bytes, "The size of each");
    recording->add_option("--extension", plan.extension, "As the logger would name them")
        ->check(CLI::IsMember({"MF4", "MFC", "MFE", "MFM"}));
    recording->callback([&wants_record] { wants_record = true; });
    SimulationOptions simulation;
    const CLI::App* const simulating = add_simulate(app, simulation);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (simulating->parsed()) return sallyport::device::simulate(simulation);
    return wants_record ? sallyport::device::record(options, plan) : command(options);
}

}  // namespace

int main(int argc, char** argv) {
    // A server that goes away while we write is an error value, not the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 3;
    }
}
