#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"
#include "pki/tool/occasion.h"
#include "pki/tool/report.h"
#include "pki/tool/revocation.h"

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include <CLI/CLI.hpp>

namespace sallyport::pki {

/// What every command is run with.
struct CommandContext {
    std::string depot;
    Occasion occasion;
    bool json;
    std::ostream& out;  ///< for commands whose answer is too long to be held in memory
    std::ostream& err;

    ReportForm form() const { return json ? ReportForm::json : ReportForm::table; }
};

using Command = std::function<Result<Answer>(const CommandContext&)>;

/// A command line while it is described and parsed: the options of all commands, and the command that was
/// chosen.
struct CommandLine {
    CLI::App& app;
    std::string depot = {};
    std::string why = {};
    bool json = false;
    Command chosen = {};

    /// Adds a subcommand to `parent` that runs `command`.
    CLI::App* add(CLI::App& parent, const std::string& name, const std::string& text, Command command);
};

/// A command on an existing depot. With access for writing, what an interrupted command left is finished
/// first.
enum class CrlsMustShow {
    nothing_new,  ///< the command is about something else: a warning is enough
    everything    ///< a revocation that is in no published CRL when it ends is its failure
};
Command on_depot(Depot::Access access, std::function<Result<Answer>(Depot&, const CommandContext&)> command,
                 CrlsMustShow must_show = CrlsMustShow::nothing_new);

// The commands by subject.
void describe_authority_commands(CommandLine& line);
void describe_issuing_commands(CommandLine& line);
void describe_revoking_commands(CommandLine& line);
void describe_reading_commands(CommandLine& line);

/// `--days`, 1 to 36500.
CLI::Option* add_days(CLI::App& command, int& days, const std::string& what);

}  // namespace sallyport::pki
