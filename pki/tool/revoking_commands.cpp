// revoke, hold, unhold, crl, publish: the commands that change what is in force.

#include "pki/tool/authorities.h"
#include "pki/tool/command.h"
#include "pki/tool/crl_adoption.h"
#include "pki/tool/distribution.h"
#include "pki/tool/names.h"
#include "pki/tool/revocation.h"

namespace sallyport::pki {
namespace {

using enum Depot::Access;

constexpr int default_patience = 60;

struct WaitArguments {
    bool dry_run = false;
    bool wait = false;
    std::optional<int> patience = {};
};

void add_wait(CLI::App& command, WaitArguments& arguments) {
    command.add_flag("--wait", arguments.wait, "Wait until every gateway of depot.yaml enforces it");
    command.add_option("--patience", arguments.patience, "Seconds to wait for them (default 60)")
        ->check(CLI::Range(1, 86400));
}

struct ChangeArguments {
    WaitArguments wait;
    Selection selection;
    ChangeOptions options;
    std::string issued_before;
    std::string reason = "unspecified";
    std::string invalid_since;
    std::optional<std::uint64_t> yes_revoke = {};
    int active_within = 7;
};

Result<std::optional<std::chrono::sys_seconds>> read_instant(const std::string& option,
                                                             const std::string& text) {
    if (text.empty()) return std::optional<std::chrono::sys_seconds>();
    const auto instant = parse_instant(text);
    if (!instant) {
        return Error{Fault::input,
                     option + ": '" + text +
                         "' is neither a day (2026-11-26) nor an instant in UTC (2026-11-26T12:00:00Z)"};
    }
    return instant;
}

Result<void> complete(ChangeArguments& arguments) {
    const auto before = read_instant("--issued-before", arguments.issued_before);
    if (!before) return before.error();
    arguments.selection.issued_before = *before;
    if (arguments.selection.empty()) {
        return Error{Fault::input,
                     "which certificates? Name device IDs, --serial, --cert, --csv, --batch or "
                     "--issued-before"};
    }
    arguments.options.yes_revoke = arguments.yes_revoke;
    arguments.options.active_within = std::chrono::days{arguments.active_within};
    arguments.wait.dry_run = arguments.options.dry_run;
    return {};
}

Result<RevocationRequest> revocation_request(const ChangeArguments& arguments, std::chrono::sys_seconds now) {
    const auto reason = parse_revocation_reason(arguments.reason);
    if (!reason) {
        return Error{Fault::input, "--reason: '" + arguments.reason + "' is none of " + revocation_reasons() +
                                       "; to suspend a certificate use hold and unhold"};
    }
    const auto since = read_instant("--invalid-since", arguments.invalid_since);
    if (!since) return since.error();
    if (*since && **since > now)
        return Error{Fault::input, "--invalid-since: " + arguments.invalid_since + " lies in the future"};
    return RevocationRequest{*reason, *since};
}

void add_selection(CLI::App& command, ChangeArguments& arguments) {
    command.add_option("ID", arguments.selection.device_ids, "Devices: every unexpired certificate of each");
    command.add_option("--serial", arguments.selection.serials,
                       "Serial number in hexadecimal: this certificate alone");
    command.add_option("--cert", arguments.selection.certificates, "Certificate file (PEM, DER or p7b)");
    command.add_option("--csv", arguments.selection.csv, "File with columns device_id or serial");
    command.add_option("--batch", arguments.selection.batch, "Device certificates of this batch");
    command.add_option("--issued-before", arguments.issued_before,
                       "Device certificates issued before this day or instant (UTC)");
    add_wait(command, arguments.wait);
    auto* dry_run =
        command.add_flag("--dry-run", arguments.options.dry_run, "Say what would happen; change nothing");
    auto* activity = command
                         .add_option("--activity", arguments.options.activity,
                                     "With --dry-run: a gateway's /status?view=devices, to see who is active")
                         ->needs(dry_run);
    command.add_option("--active-within", arguments.active_within, "Days that count as active (default 7)")
        ->check(CLI::Range(1, 3650))
        ->needs(activity);
    command.add_option("--yes-revoke", arguments.yes_revoke,
                       "For a large part of the fleet: the exact number of certificates that you mean");
}

using ChangeCommand = std::function<Result<Change>(Depot&, const ChangeArguments&, const CommandContext&)>;

enum class Content { changed, refreshed };

/// Carries what a command published to the repositories and waits, if asked to, for the gateways. `content`:
/// what becomes of the CRLs that it makes.
Result<Answer> bring_into_force(Depot& depot, const WaitArguments& wait, Content content,
                                const std::function<Result<Change>()>& run, const CommandContext& context) {
    std::optional<GatewayWait> gateways;
    if (wait.wait && !wait.dry_run) {
        auto begun = GatewayWait::begin(depot);
        if (!begun) return begun.error();
        gateways.emplace(std::move(*begun));
    }
    auto change = run();
    if (!change) return change.error();
    Answer answer = std::move(change->answer);
    if (!answer.yes) return answer;
    if (wait.dry_run) return answer;
    // Also what an earlier command could not carry there, and what a repair made. A refresh, which a timer
    // does, looks at the places themselves: somebody may have put an older list there since.
    const bool looks = !change->crls.empty() || content == Content::refreshed;
    const auto open = looks ? Result<bool>(true) : is_distribution_open(depot);
    if (!open || *open) {
        const auto& places = depot.configuration().publication.places;
        const auto distributed = distribute(
            depot, places, new_crls(change->crls, content == Content::changed), answer, context.occasion);
        if (!distributed) answer.add_failure("not in place: " + distributed.error().message);
    }
    depot.unlock();
    if (gateways) {
        const auto waited = gateways->finish(depot, change->crls,
                                             std::chrono::seconds{wait.patience.value_or(default_patience)},
                                             answer, context.err);
        if (!waited) answer.add_failure("not in force: " + waited.error().message);
    }
    return answer;
}

/// A dry run changes nothing, not even what an interrupted command left.
Command change_command(std::shared_ptr<ChangeArguments> arguments, ChangeCommand run) {
    return [arguments, run = std::move(run)](const CommandContext& context) -> Result<Answer> {
        if (const auto completed = complete(*arguments); !completed) return completed.error();
        const auto access = arguments->options.dry_run ? read : write;
        return on_depot(
            access,
            [&](Depot& depot, const CommandContext& same) -> Result<Answer> {
                return bring_into_force(
                    depot, arguments->wait, Content::changed, [&] { return run(depot, *arguments, same); },
                    same);
            },
            CrlsMustShow::everything)(context);
    };
}

void describe_changes(CommandLine& line) {
    const auto revoking = std::make_shared<ChangeArguments>();
    auto* revoke_command =
        line.add(line.app, "revoke", "Revoke for ever and publish the CRL",
                 change_command(revoking,
                                [](Depot& depot, const ChangeArguments& arguments,
                                   const CommandContext& context) -> Result<Change> {
                                    const auto request = revocation_request(arguments, context.occasion.now);
                                    if (!request) return request.error();
                                    return revoke(depot, arguments.selection, *request, arguments.options,
                                                  context.occasion);
                                }));
    add_selection(*revoke_command, *revoking);
    revoke_command->add_option("--reason", revoking->reason,
                               "One of " + revocation_reasons() + " (default unspecified)");
    revoke_command->add_option("--invalid-since", revoking->invalid_since,
                               "Since when the key may be known to others (invalidityDate)");

    using HoldCommand = Result<Change> (*)(Depot&, const Selection&, const ChangeOptions&, const Occasion&);
    const auto add_hold = [&line](const char* name, const char* text, HoldCommand run) {
        const auto arguments = std::make_shared<ChangeArguments>();
        const auto change = [run](Depot& depot, const ChangeArguments& given, const CommandContext& context) {
            return run(depot, given.selection, given.options, context.occasion);
        };
        add_selection(*line.add(line.app, name, text, change_command(arguments, change)), *arguments);
    };
    add_hold("hold", "Suspend (certificateHold) and publish the CRL", hold);
    add_hold("unhold", "Lift a hold and publish the CRL", unhold);
}

struct CrlArguments {
    WaitArguments wait;
    RefreshRequest request;
    int days = 0;
    int older_hours = 0;

    bool is_given() const {
        return wait.wait || wait.patience || days > 0 || older_hours > 0 || request.only_if_due ||
               !request.authority.empty();
    }
};

struct AdoptionArguments {
    WaitArguments wait;
    std::string authority = "device-ca";
    Adoption crls = {};
    bool none_newer = false;
};

Result<Answer> adopt(Depot& depot, const AdoptionArguments& arguments, const CommandContext& context) {
    if (arguments.none_newer == !arguments.crls.files.empty())
        return Error{Fault::input, "which CRLs? Give their FILEs, or --none-newer"};
    const auto authority = depot.index().find_authority(arguments.authority);
    if (!authority) return authority.error();
    if (!*authority) return Error{Fault::input, "--ca: '" + arguments.authority + "': no such authority"};
    AdoptedCrls adopted{(*authority)->crl_number, 0};
    const auto run = [&]() -> Result<Change> {
        if (arguments.none_newer) {
            const auto settled = depot.index().settle_restored(
                arguments.authority, "nothing is newer, says the operator", context.occasion);
            if (!settled) return settled.error();
        } else {
            const auto taken = adopt_crls(depot, **authority, arguments.crls, context.occasion);
            if (!taken) return taken.error();
            adopted = *taken;
        }
        return refresh_crls(depot, {.authority = arguments.authority}, context.occasion);
    };
    auto answer = bring_into_force(depot, arguments.wait, Content::changed, run, context);
    if (!answer) return answer.error();
    answer->text = std::to_string(adopted.entries) + " entries taken over from number " +
                   std::to_string(adopted.number) + "\n" + answer->text;
    answer->json["adopted"] = adopted.entries;
    return answer;
}

void describe_adoption(CommandLine& line, CLI::App& crl, std::shared_ptr<const CrlArguments> of_crl) {
    const auto arguments = std::make_shared<AdoptionArguments>();
    auto* command = line.add(
        crl, "adopt", "Take over what a published CRL lists beyond this depot, after a restore",
        [arguments, of_crl](const CommandContext& context) -> Result<Answer> {
            // What stands before "adopt" would be passed over in silence.
            if (of_crl->is_given()) {
                return Error{Fault::input,
                             "crl adopt: its options stand behind 'adopt'; --days and --refresh-if-... are "
                             "for crl alone"};
            }
            return on_depot(write, [arguments](Depot& depot, const CommandContext& same) {
                return adopt(depot, *arguments, same);
            })(context);
        });
    command->add_option("FILE", arguments->crls.files,
                        "The newest complete CRL of each partition, and its delta CRL, DER or PEM");
    command->add_flag("--no-delta", arguments->crls.no_delta,
                      "There was no delta CRL, though this depot makes some");
    command->add_flag("--none-newer", arguments->none_newer,
                      "No CRL newer than the backup was ever published");
    command->add_option("--ca", arguments->authority, "The authority that signed it (default device-ca)");
    add_wait(*command, arguments->wait);
}

void describe_crl(CommandLine& line) {
    const auto arguments = std::make_shared<CrlArguments>();
    auto* crl = line.add(line.app, "crl", "Publish new CRLs",
                         on_depot(
                             write,
                             [arguments](Depot& depot, const CommandContext& context) -> Result<Answer> {
                                 RefreshRequest& request = arguments->request;
                                 if (arguments->days > 0)
                                     request.lifetime = std::chrono::days{arguments->days};
                                 if (arguments->older_hours > 0)
                                     request.only_if_older = std::chrono::hours{arguments->older_hours};
                                 return bring_into_force(
                                     depot, arguments->wait, Content::refreshed,
                                     [&] { return refresh_crls(depot, request, context.occasion); }, context);
                             },
                             CrlsMustShow::everything));
    crl->require_subcommand(0, 1);
    add_wait(*crl, arguments->wait);
    crl->add_option("--ca", arguments->request.authority, "Only of this authority");
    add_days(*crl, arguments->days, "From this update to the next (default: depot.yaml, else 7)");
    crl->add_flag("--refresh-if-due", arguments->request.only_if_due,
                  "Only those that are older than refresh_after in depot.yaml; for a timer");
    crl->add_option("--refresh-if-older", arguments->older_hours, "Only those that are older, in hours")
        ->check(CLI::Range(1, 87600));

    describe_adoption(line, *crl, arguments);
}

void describe_publish(CommandLine& line) {
    const auto folder = std::make_shared<std::string>();
    auto* publish = line.add(
        line.app, "publish", "Put the CRLs in DER, as NAME.crl, where gateways and others fetch them",
        on_depot(
            write,
            [folder](Depot& depot, const CommandContext& context) -> Result<Answer> {
                std::vector<PublicationPlace> places = depot.configuration().publication.places;
                if (!folder->empty()) places.assign(1, PublicationPlace{FolderSettings{*folder}});
                if (places.empty()) {
                    return Error{Fault::input, "where to? Give --to FOLDER, or list places in " +
                                                   depot.paths().configuration().string() +
                                                   " under 'publish'"};
                }
                Answer answer;
                const auto distributed = distribute_all(depot, places, answer, context.occasion);
                if (!distributed) return distributed.error();
                return answer;
            },
            CrlsMustShow::everything));
    publish->add_option("--to", *folder, "Only into this folder")->check(CLI::ExistingDirectory);
}

}  // namespace

void describe_revoking_commands(CommandLine& line) {
    describe_changes(line);
    describe_crl(line);
    describe_publish(line);
}

}  // namespace sallyport::pki
