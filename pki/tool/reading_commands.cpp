// bundle, list, show, search, stats, audit: the commands that look.

#include "pki/tool/audit.h"
#include "pki/tool/bundle.h"
#include "pki/tool/command.h"
#include "pki/tool/doctor.h"
#include "pki/tool/report.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

using enum Depot::Access;

void describe_bundle(CommandLine& line) {
    struct Arguments {
        BundleRequest request;
        bool der = false;
    };
    const auto arguments = std::make_shared<Arguments>();
    auto* bundle = line.add(line.app, "bundle", "Write a device's certs_server.p7b; needs no depot",
                            [arguments](const CommandContext& context) {
                                if (arguments->der) arguments->request.form = BundleForm::der;
                                return write_bundle(arguments->request, context.occasion.now);
                            });
    bundle->add_option("--out", arguments->request.out, "File to write")->required();
    bundle->add_option("CERT", arguments->request.sources, "Files with one certificate each")->required();
    bundle->add_flag("--der", arguments->der, "Binary instead of PEM");
    bundle->add_option(
        "--served", arguments->request.served,
        "Chain that a gateway sends, today or tomorrow: refuse a bundle that does not trust it");
}

struct ListArguments {
    CertificateFilter filter;
    std::string kind;
    std::string state;
    int expires_within = 0;
};

Result<CertificateFilter> filter_of(const ListArguments& arguments, std::chrono::sys_seconds now) {
    CertificateFilter filter = arguments.filter;
    filter.now = now;
    using enum CertificateKind;
    for (const CertificateKind kind : {authority, server, device, operator_client}) {
        if (arguments.kind == to_string(kind)) filter.kind = kind;
    }
    using enum CertificateState;
    for (const CertificateState state : {valid, not_yet_valid, expired, on_hold, revoked}) {
        std::string word(to_string(state));
        std::ranges::replace(word, ' ', '-');
        if (arguments.state == word) filter.state = state;
    }
    if (arguments.expires_within > 0) {
        filter.expires_before = now + std::chrono::days{arguments.expires_within};
        if (!filter.state) filter.state = valid;
    }
    return filter;
}

void add_filter(CLI::App& command, ListArguments& arguments) {
    command.add_option("--kind", arguments.kind, "authority, server, device or operator")
        ->check(CLI::IsMember({"authority", "server", "device", "operator"}));
    command.add_option("--state", arguments.state, "valid, not-yet-valid, expired, on-hold or revoked")
        ->check(CLI::IsMember({"valid", "not-yet-valid", "expired", "on-hold", "revoked"}));
    command.add_option("--ca", arguments.filter.issuer, "Issued by this authority");
    command.add_option("--batch", arguments.filter.batch, "Of this batch");
    command.add_option("--expires-within", arguments.expires_within, "Valid, but not for so many days")
        ->check(CLI::Range(1, 36500));
}

void describe_lists(CommandLine& line) {
    const auto all = std::make_shared<ListArguments>();
    add_filter(*line.add(line.app, "list", "List certificates",
                         on_depot(read,
                                  [all](Depot& depot, const CommandContext& context) -> Result<Answer> {
                                      const auto filter = filter_of(*all, context.occasion.now);
                                      if (!filter) return filter.error();
                                      return list(depot, *filter, context.form(), context.out);
                                  })),
               *all);
    const auto found = std::make_shared<ListArguments>();
    auto* search =
        line.add(line.app, "search", "List certificates whose name or subject contains a text",
                 on_depot(read, [found](Depot& depot, const CommandContext& context) -> Result<Answer> {
                     const auto filter = filter_of(*found, context.occasion.now);
                     if (!filter) return filter.error();
                     return list(depot, *filter, context.form(), context.out);
                 }));
    search->add_option("TEXT", found->filter.text, "Part of the name or subject, in either case")->required();
    add_filter(*search, *found);
    const auto which = std::make_shared<std::string>();
    line.add(line.app, "show", "Show certificates with their events",
             on_depot(read,
                      [which](Depot& depot, const CommandContext& context) {
                          return show(depot, *which, context.form(), context.occasion.now);
                      }))
        ->add_option("ID|SERIAL", *which, "Device ID, or serial number in hexadecimal")
        ->required();
    line.add(line.app, "doctor", "Look for what is wrong with the depot, or soon will be",
             on_depot(read, [](Depot& depot, const CommandContext& context) {
                 return examine(depot, context.occasion.now);
             }));
    line.add(line.app, "stats", "Count certificates and show the authorities",
             on_depot(read, [](Depot& depot, const CommandContext& context) {
                 return stats(depot, context.occasion.now);
             }));
}

void describe_audit(CommandLine& line) {
    auto* audit = line.add(line.app, "audit", "Show the audit log",
                           on_depot(read, [](Depot& depot, const CommandContext& context) {
                               return list_events(depot, context.form(), context.out);
                           }));
    audit->require_subcommand(0, 1);
    const auto head = std::make_shared<std::string>();
    line.add(*audit, "verify", "Check that no event of the log was changed or removed",
             on_depot(read, [head](Depot& depot,
                                   const CommandContext&) { return verify_audit(depot.index(), *head); }))
        ->add_option("--head", *head, "The last hash, as you noted it elsewhere");
}

}  // namespace

void describe_reading_commands(CommandLine& line) {
    describe_bundle(line);
    describe_lists(line);
    describe_audit(line);
}

}  // namespace sallyport::pki
