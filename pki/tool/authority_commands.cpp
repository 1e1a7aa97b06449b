// init, authority, backup, restore: the commands about the depot as a whole.

#include "pki/tool/authorities.h"
#include "pki/tool/command.h"
#include "pki/tool/depot_backup.h"
#include "pki/tool/distribution.h"
#include "pki/tool/init.h"

namespace sallyport::pki {
namespace {

using enum Depot::Access;

/// A new authority's first CRL must be where gateways look before its first certificate is shown to them.
Result<Answer> add_and_distribute(Depot& depot, const std::string& name, const Occasion& occasion) {
    auto answer = add_authority(depot, name, occasion);
    if (!answer || !answer->yes) return answer;
    const auto& places = depot.configuration().publication.places;
    const auto distributed = distribute(depot, places, {{name}}, *answer, occasion);
    if (!distributed) answer->add_failure("not in place: " + distributed.error().message);
    return answer;
}

struct InitArguments {
    InitRequest request;
    ImportedAuthority imported;
    int days = 0;
};

Result<Answer> run_init(InitArguments& arguments, const CommandContext& context) {
    if (context.depot.empty()) return Error{Fault::input, "--depot DIR is missing"};
    InitRequest& request = arguments.request;
    if (arguments.days > 0) request.lifetime = std::chrono::days{arguments.days};
    if (!arguments.imported.certificate.empty()) {
        if (arguments.imported.crl.empty() && !arguments.imported.never_published) {
            return Error{Fault::input,
                         "--import: give its newest CRL with --import-crl, or else what it revoked is let "
                         "in again; --import-no-crl says that there is none"};
        }
        request.imported = arguments.imported;
    }
    return init(context.depot, request, context.occasion);
}

void describe_init(CommandLine& line) {
    const auto arguments = std::make_shared<InitArguments>();
    auto* init =
        line.add(line.app, "init", "Make a depot: a root, a device-issuing and a server-issuing authority",
                 [arguments](const CommandContext& context) { return run_init(*arguments, context); });
    auto* name = init->add_option("--name", arguments->request.organization,
                                  "Organization in the subjects (default Sallyport)");
    auto* url =
        init->add_option("--crl-url", arguments->request.crl_url,
                         "URL of the folder where NAME.crl is published; goes into issued certificates");
    auto* days = add_days(*init, arguments->days, "Lifetime of the root (default 7300)");
    init->add_option("--profile", arguments->request.profile,
                     "Describes the hierarchy; becomes DIR/depot.yaml (see config/depot.example.yaml)")
        ->excludes(name)
        ->excludes(url)
        ->excludes(days);
    auto* import = init->add_option("--import", arguments->imported.certificate,
                                    "Take over this device-issuing authority: PEM with its certificate, then "
                                    "those above it")
                       ->excludes(days);
    init->add_option("--import-key", arguments->imported.key, "Its private key in PEM")->needs(import);
    auto* no_crl =
        init->add_flag("--import-no-crl", arguments->imported.never_published, "It has never published a CRL")
            ->needs(import);
    init->add_option("--import-crl", arguments->imported.crl,
                     "Its newest CRL: what it lists stays revoked, its number goes on")
        ->needs(import)
        ->excludes(no_crl);
}

void describe_authority(CommandLine& line) {
    auto* authority = line.app.add_subcommand("authority", "Add or retire an issuing authority");
    authority->require_subcommand(0, 1);
    const auto name = std::make_shared<std::string>();
    auto* add = line.add(*authority, "add", "Make an authority that DIR/depot.yaml describes",
                         on_depot(write, [name](Depot& depot, const CommandContext& context) {
                             return add_and_distribute(depot, *name, context.occasion);
                         }));
    add->add_option("NAME", *name, "Its name in DIR/depot.yaml")->required();
    auto* retire = line.add(*authority, "retire", "Issue no more with it; it can still revoke",
                            on_depot(write, [name](Depot& depot, const CommandContext& context) {
                                return retire_authority(depot, *name, context.occasion);
                            }));
    retire->add_option("NAME", *name, "Its name")->required();
}

void describe_backup(CommandLine& line) {
    const auto folder = std::make_shared<std::string>();
    line.add(line.app, "backup", "Copy the whole depot, keys included, into a new folder",
             on_depot(write,
                      [folder](Depot& depot, const CommandContext& context) {
                          return back_up(depot, *folder, context.occasion);
                      }))
        ->add_option("--to", *folder, "The new folder")
        ->required();
    line.add(line.app, "restore", "Make a depot from a backup",
             [folder](const CommandContext& context) -> Result<Answer> {
                 if (context.depot.empty()) return Error{Fault::input, "--depot DIR is missing"};
                 return restore(*folder, context.depot, context.occasion);
             })
        ->add_option("--from", *folder, "The folder that backup made")
        ->required();
}

}  // namespace

void describe_authority_commands(CommandLine& line) {
    describe_backup(line);
    describe_init(line);
    describe_authority(line);
}

}  // namespace sallyport::pki
