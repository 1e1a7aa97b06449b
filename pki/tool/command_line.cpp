#include "pki/tool/command_line.h"

#include "pki/tool/command.h"
#include "pki/tool/crl_publication.h"
#include "pki/tool/distribution.h"
#include "pki/tool/identity_files.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

namespace sallyport::pki {
namespace {

constexpr int exit_no = 1, exit_usage = 2, exit_runtime = 3;
constexpr std::size_t max_why = 500;

/// What an interrupted command left is finished by the next one that writes. A failure is only noted: it
/// must not stand in the way of a revocation.
void repair(Depot& depot, const CommandContext& context) {
    if (const auto completed = finish_deliveries(depot); !completed) {
        context.err << "warning: " << completed.error().message << '\n';
    } else {
        for (const auto& folder : *completed) {
            context.err << "note: completed after an interruption: " << folder.string() << '\n';
        }
    }
    if (const auto repaired = repair_publications(depot, context.occasion); !repaired) {
        context.err << "warning: " << repaired.error().message << '\n';
    } else {
        for (const PublishedCrl& crl : repaired->crls)
            context.err << "note: completed after an interruption: " << describe(crl) << '\n';
        for (const auto* lines : {&repaired->warnings, &repaired->failures}) {
            for (const std::string& line : *lines)
                context.err << "warning: " << line << '\n';
        }
    }
}

/// A command that publishes nothing still says that something is not where gateways look for it.
void note_open_distribution(Depot& depot, std::ostream& err) {
    if (const auto open = is_distribution_open(depot); !open) {
        err << "warning: " << open.error().message << '\n';
    } else if (*open) {
        err << "warning: not every repository has this depot's CRLs; run sallyport-pki publish\n";
    }
}

int finish(const Result<Answer>& answer, bool json, std::ostream& out, std::ostream& err) {
    if (!answer) {
        err << "sallyport-pki: " << answer.error().message << '\n';
        return answer.error().fault == Fault::input ? exit_usage : exit_runtime;
    }
    err << answer->notes;
    if (json && !answer->json.empty()) {
        boost::json::object object = answer->json;
        object["ok"] = answer->yes && answer->failure.empty();
        if (!answer->failure.empty()) object["failure"] = answer->failure;
        out << boost::json::serialize(object) << '\n';
    } else {
        (answer->yes ? out : err) << answer->text;
    }
    out.flush();
    if (!out) {
        err << "sallyport-pki: cannot write to standard output\n";
        return exit_runtime;
    }
    if (!answer->failure.empty()) {
        err << "sallyport-pki: " << answer->failure << '\n';
        return exit_runtime;
    }
    return answer->yes ? 0 : exit_no;
}

bool is_one_line(const std::string& text) {
    // C1 controls are what terminals obey, too; in UTF-8 they begin with C2.
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    bool c1 = false;
    for (std::size_t i = 0; i + 1 < text.size(); ++i)
        c1 = c1 || (text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    return text.size() <= max_why && std::ranges::none_of(text, is_control) && !c1;
}

/// What was revoked before, but stands in no CRL, is a failure of whoever publishes CRLs.
Result<void> add_unshown(Depot& depot, Answer& answer) {
    const auto authorities = depot.index().authorities();
    if (!authorities) return authorities.error();
    for (const AuthorityRecord& authority : *authorities) {
        for (unsigned partition = 0; partition < authority.partitions; ++partition) {
            const auto shown = depot.index().shows_every_revocation({authority.name, partition});
            if (!shown) return shown.error();
            if (*shown) continue;
            const std::string what = authority.name + ": a revocation is in no published CRL";
            if (answer.failure.find(authority.name) == std::string::npos) answer.add_failure(what);
            break;
        }
    }
    return {};
}

}  // namespace

CLI::App* CommandLine::add(CLI::App& parent, const std::string& name, const std::string& text,
                           Command command) {
    auto* added = parent.add_subcommand(name, text);
    // CLI11 calls a parent after its subcommand; then the parent was not what was meant.
    added->callback([this, added, command = std::move(command)] {
        if (added->get_subcommands().empty()) chosen = command;
    });
    return added;
}

Command on_depot(Depot::Access access, std::function<Result<Answer>(Depot&, const CommandContext&)> command,
                 CrlsMustShow must_show) {
    return
        [access, must_show, command = std::move(command)](const CommandContext& context) -> Result<Answer> {
            if (context.depot.empty()) return Error{Fault::input, "--depot DIR is missing"};
            auto depot = Depot::open(context.depot, access);
            if (!depot) return depot.error();
            if (access == Depot::Access::read) return command(*depot, context);
            repair(*depot, context);
            auto answer = command(*depot, context);
            if (answer && must_show == CrlsMustShow::everything) {
                if (const auto added = add_unshown(*depot, *answer); !added) return added.error();
            }
            if (answer && answer->failure.empty()) note_open_distribution(*depot, context.err);
            return answer;
        };
}

CLI::Option* add_days(CLI::App& command, int& days, const std::string& what) {
    constexpr int max_days = 36500;
    return command.add_option("--days", days, what)->check(CLI::Range(1, max_days));
}

int run_command(int argc, const char* const* argv, std::chrono::sys_seconds now, std::ostream& out,
                std::ostream& err) {
    CLI::App app(
        "Certificate authority for Sallyport: issues, renews and revokes certificates, publishes CRLs.",
        "sallyport-pki");
    app.set_version_flag("--version", "sallyport-pki " SALLYPORT_VERSION);
    // Not exactly one: CLI11 would then not name a mistyped command.
    app.require_subcommand(0, 1);
    app.fallthrough();
    CommandLine line{app};
    app.add_option("--depot", line.depot, "Folder of the certificate authority");
    app.add_option("--why", line.why, "Why; goes into the audit log");
    app.add_flag("--json", line.json, "Answer in JSON");
    describe_authority_commands(line);
    describe_issuing_commands(line);
    describe_revoking_commands(line);
    describe_reading_commands(line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error, out, err);  // --help, --version
        err << "sallyport-pki: " << error.what() << "; see sallyport-pki --help\n";
        return exit_usage;
    }
    if (!line.chosen) {
        err << "sallyport-pki: name a command; see sallyport-pki --help\n";
        return exit_usage;
    }
    if (!is_one_line(line.why)) {
        err << "sallyport-pki: --why must be one line of at most " << max_why << " characters\n";
        return exit_usage;
    }
    const CommandContext context{line.depot, {now, current_user(), line.why}, line.json, out, err};
    return finish(line.chosen(context), line.json, out, err);
}

}  // namespace sallyport::pki
