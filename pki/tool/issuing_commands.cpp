// issue, renew: the commands that make certificates.

#include "pki/tool/bulk_issuance.h"
#include "pki/tool/command.h"
#include "pki/tool/issuance.h"
#include "pki/tool/progress_bar.h"
#include "pki/tool/request_answers.h"

namespace sallyport::pki {
namespace {

using enum Depot::Access;

/// The options that all of these commands have.
struct Common {
    int days = 0;
    std::string authority;
    std::string batch;
    std::string request;
    std::string card;

    IssuingOptions options() const {
        IssuingOptions options{{}, authority, batch};
        if (days > 0) options.lifetime = std::chrono::days{days};
        return options;
    }
};

void add_common(CLI::App& command, Common& common, const std::string& lifetime) {
    add_days(command, common.days, lifetime);
    command.add_option("--ca", common.authority, "Issuing authority (default: the newest for this kind)");
    command.add_option("--batch", common.batch, "Name of the delivery; list and revoke find it again");
    command.add_option("--request", common.request,
                       "Certification request (PKCS#10, PEM): certify its key instead of making one");
}

void describe_server(CommandLine& line, CLI::App& issue) {
    struct Arguments {
        Common common;
        ServerRequest server;
    };
    const auto arguments = std::make_shared<Arguments>();
    auto* server = line.add(issue, "server", "For a TLS server; files in DIR/servers/NAME",
                            on_depot(write, [arguments](Depot& depot, const CommandContext& context) {
                                arguments->server.request = arguments->common.request;
                                arguments->server.options = arguments->common.options();
                                return issue_server(depot, arguments->server, context.occasion);
                            }));
    server->add_option("--name", arguments->server.dns_names, "Host names; the first one names the folder");
    server->add_option("--ip", arguments->server.addresses, "IP addresses");
    add_common(*server, arguments->common, "Lifetime (default 397)");
}

using DeviceCommand = Result<Answer> (*)(Depot&, const DeviceRequest&, const Occasion&);

void describe_device(CommandLine& line, CLI::App& parent, const std::string& name, const std::string& text,
                     DeviceCommand run) {
    struct Arguments {
        Common common;
        std::string id;
    };
    const auto arguments = std::make_shared<Arguments>();
    auto* command = line.add(
        parent, name, text, on_depot(write, [arguments, run](Depot& depot, const CommandContext& context) {
            DeviceRequest request{arguments->id, {}, arguments->common.request, arguments->common.options()};
            if (!arguments->common.card.empty()) request.card = arguments->common.card;
            return run(depot, request, context.occasion);
        }));
    command->add_option("ID", arguments->id, "Device ID: 8 hexadecimal digits, upper case")->required();
    command->add_option("--card", arguments->common.card, "Copy the identity files into this folder too");
    add_common(*command, arguments->common, "Lifetime (default 1095)");
}

void describe_operator(CommandLine& line, CLI::App& issue) {
    struct Arguments {
        Common common;
        std::string name;
    };
    const auto arguments = std::make_shared<Arguments>();
    auto* command =
        line.add(issue, "operator", "For a person or program that administers; files in DIR/operators/NAME",
                 on_depot(write, [arguments](Depot& depot, const CommandContext& context) {
                     return issue_operator(
                         depot, {arguments->name, arguments->common.request, arguments->common.options()},
                         context.occasion);
                 }));
    command->add_option("NAME", arguments->name, "Common name of the operator")->required();
    add_common(*command, arguments->common, "Lifetime (default 365)");
}

void describe_devices(CommandLine& line, CLI::App& issue) {
    struct Arguments {
        Common common;
        BulkRequest bulk;
        std::vector<std::string> range;
    };
    const auto arguments = std::make_shared<Arguments>();
    auto* command =
        line.add(issue, "devices", "For many devices, on all processors; give it again after an interruption",
                 on_depot(write, [arguments](Depot& depot, const CommandContext& context) -> Result<Answer> {
                     BulkRequest& bulk = arguments->bulk;
                     if (bulk.csv.empty() == arguments->range.empty())
                         return Error{Fault::input, "which devices? Give either --from or --range"};
                     if (!arguments->range.empty()) {
                         bulk.first = arguments->range[0];
                         bulk.last = arguments->range[1];
                     }
                     bulk.options = arguments->common.options();
                     ProgressBar bar(context.err, "issuing");
                     return issue_devices(
                         depot, bulk, [&](std::size_t done, std::size_t all) { bar.show(done, all); },
                         context.occasion);
                 }));
    command->add_option("--from", arguments->bulk.csv, "CSV file with a column device_id");
    command->add_option("--range", arguments->range, "First and last device ID")->expected(2);
    command->add_option(
        "--requests", arguments->bulk.requests,
        "Folder with a certification request ID.csr for each device; else keys are made here");
    command->add_flag("--also-revoked", arguments->bulk.also_revoked,
                      "Devices whose newest certificate is revoked get a new one, too");
    command->add_option("--threads", arguments->bulk.threads, "Default: as many as processors")
        ->check(CLI::Range(1, 256));
    add_days(*command, arguments->common.days, "Lifetime (default 1095)");
    command->add_option("--ca", arguments->common.authority,
                        "Issuing authority (default: the newest for devices)");
    command->add_option("--batch", arguments->common.batch,
                        "Name of the delivery; list and revoke find it again");
}

void describe_sign_requests(CommandLine& line) {
    struct Arguments {
        Common common;
        std::vector<std::string> ids;
    };
    const auto arguments = std::make_shared<Arguments>();
    auto* command =
        line.add(line.app, "sign-requests",
                 "Answer the requests (ID/device.csr) that devices put into the store of depot.yaml",
                 on_depot(write, [arguments](Depot& depot, const CommandContext& context) {
                     ProgressBar bar(context.err, "looking");
                     return answer_requests(
                         depot, arguments->ids, arguments->common.options(),
                         [&](std::size_t done, std::size_t all) { bar.show(done, all); }, context.occasion);
                 }));
    command->add_option("ID", arguments->ids, "Only these devices (default: all of the depot)");
    add_days(*command, arguments->common.days, "Lifetime (default 1095)");
    command->add_option("--ca", arguments->common.authority,
                        "Issuing authority (default: the newest for devices)");
}

}  // namespace

void describe_issuing_commands(CommandLine& line) {
    auto* issue = line.app.add_subcommand("issue", "Make a key and a certificate");
    issue->require_subcommand(0, 1);  // as for the program itself
    describe_server(line, *issue);
    describe_device(line, *issue, "device", "For a device; files in DIR/devices/ID", issue_device);
    describe_devices(line, *issue);
    describe_sign_requests(line);
    describe_operator(line, *issue);
    describe_device(line, line.app, "renew", "New key and certificate of a device; the old one stays valid",
                    renew_device);
}

}  // namespace sallyport::pki
