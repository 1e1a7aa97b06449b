#pragma once

#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/file.h"
#include "pki/tool/command_line.h"
#include "tests/support/temporary_folder.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki::test {

using namespace std::chrono_literals;
using testing::HasSubstr;
namespace fs = std::filesystem;
constexpr std::chrono::sys_seconds start{1'800'000'000s};
constexpr std::chrono::days day{1};

struct Outcome {
    int exit_code;
    std::string out;
    std::string err;
};

/// The program, in this process and at an instant of the test's choice.
inline Outcome run(const std::vector<std::string>& arguments, std::chrono::sys_seconds now = start) {
    std::vector<const char*> argv{"sallyport-pki"};
    for (const std::string& argument : arguments)
        argv.push_back(argument.c_str());
    std::ostringstream out, err;
    const int exit_code = run_command(static_cast<int>(argv.size()), argv.data(), now, out, err);
    return {exit_code, out.str(), err.str()};
}

/// A depot with a device A1B2C3D4, made once and copied for each test: making RSA keys takes long.
inline const fs::path& model_depot() {
    static const sallyport::test::TemporaryFolder folder;
    static const fs::path depot = [] {
        const auto path = folder.path() / "depot";
        EXPECT_EQ(run({"init", "--depot", path}).exit_code, 0);
        EXPECT_EQ(run({"issue", "device", "A1B2C3D4", "--depot", path}).exit_code, 0);
        return path;
    }();
    return depot;
}

class DepotTest : public testing::Test {
  protected:
    DepotTest() { fs::copy(model_depot(), depot, fs::copy_options::recursive); }

    Outcome on_depot(std::vector<std::string> arguments, std::chrono::sys_seconds now = start) const {
        arguments.insert(arguments.end(), {"--depot", depot});
        return run(arguments, now);
    }

    struct Crl {
        std::uint64_t number = 0;
        std::chrono::sys_seconds next_update;
        std::vector<std::pair<std::string, CrlReason>> entries;
    };
    Crl crl(const std::string& authority = "device-ca") const {
        const auto ders =
            split_crl_file(read_file(depot / "crl" / (authority + ".crl.pem"), 1 << 20).value());
        const std::string& der = ders.value().front();
        const auto view =
            parse_crl(Bytes(reinterpret_cast<const std::uint8_t*>(der.data()), der.size())).value();
        Crl crl;
        for (const auto octet : view.number)
            crl.number = crl.number << 8U | octet;
        crl.next_update = view.next_update;
        CrlEntries entries(view);
        for (CrlEntry entry{}; entries.next(entry).value();)
            crl.entries.emplace_back(hex(entry.serial), entry.reason);
        return crl;
    }

    /// Serial of a device's certificate in the depot.
    std::string serial(const std::string& device = "A1B2C3D4") const {
        const auto pem = read_file(depot / "devices" / device / "certs_device.pem", 1 << 20).value();
        return hex(serial_octets(*parse_certificates(pem, "test").value().front()));
    }

    sallyport::test::TemporaryFolder folder;
    fs::path depot = folder.path() / "depot";
};

}  // namespace sallyport::pki::test
