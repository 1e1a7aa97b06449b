#include "pki/tool/command_line.h"

#include "pki/tool/bundle.h"
#include "pki/tool/crl_publication.h"
#include "pki/tool/depot.h"
#include "pki/tool/identity_files.h"
#include "pki/tool/init.h"
#include "pki/tool/issuance.h"
#include "pki/tool/names.h"
#include "pki/tool/report.h"
#include "pki/tool/revocation.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace sallyport::pki {
namespace {

constexpr int exit_no = 1, exit_usage = 2, exit_runtime = 3;
constexpr int max_days = 36500;

/// Everything that the command line can say; one command uses a part of it.
struct Arguments {
    std::string depot;
    int days = 0;  ///< 0: the command's default
    InitRequest init;
    ServerRequest server;
    std::string device_id;
    std::string card;
    std::string serial;
    std::string reason = "unspecified";
    std::string authority;
    std::string out;
    std::string folder;
    std::vector<std::string> sources;
    std::string id_or_serial;
    bool json = false;
};

struct Context {
    const Arguments& arguments;
    std::chrono::sys_seconds now;
    std::ostream& out;
    std::ostream& err;
};

using Command = std::function<Result<Answer>(const Context&)>;
using DepotCommand = Result<Answer> (*)(Depot&, const Context&);

/// What an interrupted command left is finished by the next one that writes. A failure is only noted: it
/// must not stand in the way of a revocation.
void repair(Depot& depot, const Context& context) {
    if (const auto completed = finish_deliveries(depot); !completed) {
        context.err << "warning: " << completed.error().message << '\n';
    } else {
        for (const auto& folder : *completed) {
            context.err << "note: completed after an interruption: " << folder.string() << '\n';
        }
    }
    if (const auto repaired = repair_publications(depot, context.now); !repaired) {
        context.err << "warning: " << repaired.error().message << '\n';
    } else {
        for (const PublishedCrl& crl : *repaired) {
            context.err << "note: completed after an interruption: " << describe(crl) << '\n';
        }
    }
}

Command on_depot(Depot::Access access, DepotCommand command) {
    return [access, command](const Context& context) -> Result<Answer> {
        const std::string& root = context.arguments.depot;
        if (root.empty()) return Error{Fault::input, "--depot DIR is missing"};
        auto depot = Depot::open(root, access);
        if (!depot) return depot.error();
        if (access == Depot::Access::write) repair(*depot, context);
        return command(*depot, context);
    };
}

Result<Answer> run_init(const Context& context) {
    if (context.arguments.depot.empty()) return Error{Fault::input, "--depot DIR is missing"};
    InitRequest request = context.arguments.init;
    if (context.arguments.days > 0) request.lifetime = std::chrono::days{context.arguments.days};
    return init(context.arguments.depot, std::move(request), context.now);
}

Result<Answer> run_issue_server(Depot& depot, const Context& context) {
    ServerRequest request = context.arguments.server;
    if (context.arguments.days > 0) request.lifetime = std::chrono::days{context.arguments.days};
    return issue_server(depot, request, context.now);
}

DeviceRequest device_request(const Arguments& arguments) {
    DeviceRequest request;
    request.device_id = arguments.device_id;
    if (!arguments.card.empty()) request.card = arguments.card;
    if (arguments.days > 0) request.lifetime = std::chrono::days{arguments.days};
    return request;
}

Result<Answer> run_issue_device(Depot& depot, const Context& context) {
    return issue_device(depot, device_request(context.arguments), context.now);
}

Result<Answer> run_renew(Depot& depot, const Context& context) {
    return renew_device(depot, device_request(context.arguments), context.now);
}

Selection selection(const Arguments& arguments) {
    return {arguments.device_id, arguments.serial};
}

Result<Answer> run_revoke(Depot& depot, const Context& context) {
    const auto reason = parse_revocation_reason(context.arguments.reason);
    if (!reason) {
        return Error{Fault::input, "--reason: '" + context.arguments.reason + "' is none of " +
                                       revocation_reasons() +
                                       "; to suspend a certificate use hold and unhold"};
    }
    return revoke(depot, selection(context.arguments), *reason, context.now);
}

Result<Answer> run_hold(Depot& depot, const Context& context) {
    return hold(depot, selection(context.arguments), context.now);
}

Result<Answer> run_unhold(Depot& depot, const Context& context) {
    return unhold(depot, selection(context.arguments), context.now);
}

Result<Answer> run_crl(Depot& depot, const Context& context) {
    std::optional<std::chrono::days> lifetime = default_crl_lifetime;
    if (context.arguments.days > 0) lifetime = std::chrono::days{context.arguments.days};
    return publish_crls(depot, context.arguments.authority, lifetime, context.now);
}

Result<Answer> run_publish(Depot& depot, const Context& context) {
    const auto written = export_crls(depot, context.arguments.folder);
    if (!written) return written.error();
    Answer answer;
    for (const auto& path : *written)
        answer.text += path.string() + "\n";
    return answer;
}

ReportForm form(const Context& context) {
    return context.arguments.json ? ReportForm::json : ReportForm::table;
}

Result<Answer> run_list(Depot& depot, const Context& context) {
    return list(depot, form(context), context.out, context.now);
}

Result<Answer> run_show(Depot& depot, const Context& context) {
    return show(depot, context.arguments.id_or_serial, form(context), context.now);
}

Result<Answer> run_bundle(const Context& context) {
    const std::vector<std::filesystem::path> sources(context.arguments.sources.begin(),
                                                     context.arguments.sources.end());
    return write_bundle(context.arguments.out, sources, context.now);
}

void add_days(CLI::App& command, Arguments& arguments, const std::string& what) {
    command.add_option("--days", arguments.days, what)->check(CLI::Range(1, max_days));
}

void add_selection(CLI::App& command, Arguments& arguments) {
    auto* group = command.add_option_group("which certificates");
    group->add_option("ID", arguments.device_id, "Device: every unexpired certificate of it");
    group->add_option("--serial", arguments.serial, "Serial number in hexadecimal: this certificate alone");
    group->require_option(1);
}

void describe_issuing(CLI::App& app, Arguments& arguments, Command& chosen) {
    using enum Depot::Access;
    const auto choose = [&chosen](Command command) {
        return [&chosen, command = std::move(command)] { chosen = command; };
    };
    auto* init =
        app.add_subcommand("init", "Make a depot: a root, a device-issuing and a server-issuing authority");
    init->add_option("--name", arguments.init.organization,
                     "Organization in the subjects (default Sallyport)");
    init->add_option("--crl-url", arguments.init.crl_url,
                     "URL of the folder where NAME.crl is published; goes into issued certificates");
    add_days(*init, arguments, "Lifetime of the root (default 7300)");
    init->callback(choose(run_init));

    auto* issue = app.add_subcommand("issue", "Make a key and a certificate");
    issue->require_subcommand(0, 1);  // as for the program itself
    auto* server = issue->add_subcommand("server", "For a TLS server; files in DIR/servers/NAME");
    server->add_option("--name", arguments.server.dns_names, "Host names; the first one names the folder");
    server->add_option("--ip", arguments.server.addresses, "IP addresses");
    add_days(*server, arguments, "Lifetime (default 397)");
    server->callback(choose(on_depot(write, run_issue_server)));
    auto* device = issue->add_subcommand("device", "For a device; files in DIR/devices/ID");
    device->add_option("ID", arguments.device_id, "Device ID: 8 hexadecimal digits, upper case")->required();
    device->add_option("--card", arguments.card, "Copy the identity files into this folder too");
    add_days(*device, arguments, "Lifetime (default 1095)");
    device->callback(choose(on_depot(write, run_issue_device)));

    auto* renew = app.add_subcommand("renew", "New key and certificate of a device; the old one stays valid");
    renew->add_option("ID", arguments.device_id, "Device ID")->required();
    renew->add_option("--card", arguments.card, "Copy the identity files into this folder too");
    add_days(*renew, arguments, "Lifetime (default 1095)");
    renew->callback(choose(on_depot(write, run_renew)));
}

void describe_revoking(CLI::App& app, Arguments& arguments, Command& chosen) {
    using enum Depot::Access;
    const auto add = [&](const char* name, const char* text, DepotCommand run) {
        auto* command = app.add_subcommand(name, text);
        command->callback([&chosen, run] { chosen = on_depot(write, run); });
        return command;
    };
    auto* revoke = add("revoke", "Revoke for ever and publish the CRL", run_revoke);
    add_selection(*revoke, arguments);
    revoke->add_option("--reason", arguments.reason,
                       "One of " + revocation_reasons() + " (default unspecified)");
    add_selection(*add("hold", "Suspend (certificateHold) and publish the CRL", run_hold), arguments);
    add_selection(*add("unhold", "Lift a hold and publish the CRL", run_unhold), arguments);

    auto* crl = add("crl", "Publish new CRLs", run_crl);
    crl->add_option("--ca", arguments.authority, "Only of root, device-ca or server-ca");
    add_days(*crl, arguments, "From this update to the next (default 7)");
    auto* publish =
        add("publish", "Copy the CRLs in DER, as NAME.crl, into a web server's folder", run_publish);
    publish->add_option("--to", arguments.folder, "The folder")->required()->check(CLI::ExistingDirectory);
}

void describe_reading(CLI::App& app, Arguments& arguments, Command& chosen) {
    auto* bundle = app.add_subcommand("bundle", "Write a device's certs_server.p7b; needs no depot");
    bundle->add_option("--out", arguments.out, "File to write")->required();
    bundle->add_option("CERT", arguments.sources, "Files with one certificate each")->required();
    bundle->callback([&chosen] { chosen = run_bundle; });

    auto* list = app.add_subcommand("list", "List every certificate");
    list->add_flag("--json", arguments.json, "As a JSON array");
    list->callback([&chosen] { chosen = on_depot(Depot::Access::read, run_list); });
    auto* show = app.add_subcommand("show", "Show certificates with their events");
    show->add_option("ID|SERIAL", arguments.id_or_serial, "Device ID, or serial number in hexadecimal")
        ->required();
    show->add_flag("--json", arguments.json, "As a JSON array");
    show->callback([&chosen] { chosen = on_depot(Depot::Access::read, run_show); });
}

int finish(const Result<Answer>& answer, std::ostream& out, std::ostream& err) {
    if (!answer) {
        err << "sallyport-pki: " << answer.error().message << '\n';
        return answer.error().fault == Fault::input ? exit_usage : exit_runtime;
    }
    err << answer->notes;
    (answer->yes ? out : err) << answer->text;
    out.flush();
    if (!out) {
        err << "sallyport-pki: cannot write to standard output\n";
        return exit_runtime;
    }
    return answer->yes ? 0 : exit_no;
}

}  // namespace

int run_command(int argc, const char* const* argv, std::chrono::sys_seconds now, std::ostream& out,
                std::ostream& err) {
    Arguments arguments;
    Command chosen;
    CLI::App app(
        "Certificate authority for Sallyport: issues, renews and revokes certificates, publishes CRLs.",
        "sallyport-pki");
    app.set_version_flag("--version", "sallyport-pki " SALLYPORT_VERSION);
    app.add_option("--depot", arguments.depot, "Folder of the certificate authority");
    // Not exactly one: CLI11 would then not name a mistyped command.
    app.require_subcommand(0, 1);
    app.fallthrough();
    describe_issuing(app, arguments, chosen);
    describe_revoking(app, arguments, chosen);
    describe_reading(app, arguments, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error, out, err);  // --help, --version
        err << "sallyport-pki: " << error.what() << "; see sallyport-pki --help\n";
        return exit_usage;
    }
    if (!chosen) {
        err << "sallyport-pki: name a command; see sallyport-pki --help\n";
        return exit_usage;
    }
    return finish(chosen({arguments, now, out, err}), out, err);
}

}  // namespace sallyport::pki
