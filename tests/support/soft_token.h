#pragma once

#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

namespace sallyport::test {

/// Tokens of SoftHSM in a folder of their own. SoftHSM looks for it when it is initialized, so a test lets go
/// of all keys before the next.
class SoftTokens {
  public:
    static constexpr const char* module = SALLYPORT_SOFTHSM_MODULE;

    SoftTokens() {
        std::ofstream configuration(file("softhsm2.conf"));
        configuration << "directories.tokendir = " << folder_.path().string()
                      << "\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n";
        configuration.close();
        ::setenv("SOFTHSM2_CONF", file("softhsm2.conf").c_str(), 1);
    }
    SoftTokens(const SoftTokens&) = delete;
    SoftTokens& operator=(const SoftTokens&) = delete;
    ~SoftTokens() { ::unsetenv("SOFTHSM2_CONF"); }

    void make(const std::string& label, const std::string& pin) {
        must("softhsm2-util --init-token --free --label '" + label + "' --pin " + pin + " --so-pin 00000000");
    }
    /// Runs OpenSC's pkcs11-tool, an implementation that is not ours; what it says.
    std::string tool(const std::string& arguments) {
        return must(std::string("pkcs11-tool --module ") + module + ' ' + arguments);
    }
    std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
    /// A URI with `attributes`, e.g. "token=fleet;object=root".
    static std::string uri(const std::string& attributes) {
        return "pkcs11:" + attributes + "?module-path=" + module;
    }

  private:
    static std::string must(const std::string& command) {
        const Finished finished = run(command);
        if (finished.status != 0) throw std::runtime_error(command + ": " + finished.output);
        return finished.output;
    }

    sallyport::test::TemporaryFolder folder_;
};

}  // namespace sallyport::test
