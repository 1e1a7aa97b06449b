// What may replace what, and what a repository that misbehaves comes to.
#include "pki/tool/publication/publish.h"

#include "pki/tool/publication/manifest.h"
#include "tests/support/revocation_lists.h"
#include "tests/support/temporary_folder.h"

#include <fstream>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace sallyport::pki {
namespace {

using test::Authority;
using test::crl;
using testing::HasSubstr;
using namespace std::chrono_literals;

const std::string a = "\x0A";
const std::string b = "\x0B";
constexpr const char* name = "ca.crl";

/// A repository in memory that notes what is asked of it and misbehaves on request.
class FakeRepository final : public Repository {
  public:
    Result<void> put(const std::string& file, std::string_view bytes) override {
        calls += "put " + file + "\n";
        if (file == refused) return Error{Fault::runtime, describe() + ": refused"};
        if (file != forgotten) files[file] = bytes;
        if (file == changed) files[file] += '!';
        return {};
    }
    Result<std::optional<std::string>> get(const std::string& file, std::size_t) override {
        calls += "get " + file + "\n";
        if (file == unreadable) return Error{Fault::runtime, describe() + ": unreadable"};
        const auto found = files.find(file);
        if (found == files.end()) return std::optional<std::string>();
        return std::optional(found->second);
    }
    std::string describe() const override { return "fake"; }
    bool stalls() const override { return stalled; }

    std::map<std::string, std::string> files;
    std::string refused, forgotten, changed, unreadable;
    bool stalled = false;
    std::string calls;
};

struct Published {
    RepositoryOutcome outcome;
    std::map<std::string, std::string> files;
    std::string calls;

    const FileOutcome& file() const { return outcome.files.front(); }
    std::vector<ManifestEntry> manifest() const {
        return parse_manifest(files.at(std::string(manifest_name))).value();
    }
};

Published put(const std::vector<CrlFile>& files, std::unique_ptr<FakeRepository> repository,
              const MayLeave& may_leave = {}) {
    FakeRepository& fake = *repository;
    std::vector<std::unique_ptr<Repository>> repositories;
    repositories.push_back(std::move(repository));
    auto outcomes = publish(files, repositories, may_leave);
    return {outcomes.value().front(), fake.files, fake.calls};
}

/// Publishes `ours` where `there` is.
Published put_over(const std::string& there, const CrlFile& ours, const MayLeave& may_leave = {}) {
    auto repository = std::make_unique<FakeRepository>();
    repository->files[name] = there;
    return put({ours}, std::move(repository), may_leave);
}

TEST(Publish, writes_reads_back_and_then_describes) {
    const Authority ca(0);
    const std::string der = crl(ca, {});
    const Published done = put({{name, der}}, std::make_unique<FakeRepository>());
    EXPECT_TRUE(done.outcome.in_place());
    EXPECT_EQ(done.file().placement, Placement::written);
    EXPECT_EQ(done.files.at(name), der);
    EXPECT_EQ(done.manifest(), std::vector{manifest_entry(name, der).value()});
    EXPECT_EQ(
        done.calls,
        "get ca.crl\nput ca.crl\nget ca.crl\nget manifest.json\nput manifest.json\nget manifest.json\n");
}

TEST(Publish, does_not_write_again_what_is_there) {
    const Authority ca(0);
    auto repository = std::make_unique<FakeRepository>();
    const std::string der = crl(ca, {});
    repository->files[name] = der;
    repository->files[std::string(manifest_name)] = manifest({manifest_entry(name, der).value()});
    const Published done = put({{name, der}}, std::move(repository));
    EXPECT_TRUE(done.outcome.in_place());
    EXPECT_EQ(done.file().placement, Placement::unchanged);
    EXPECT_EQ(done.calls, "get ca.crl\nget manifest.json\n");
}

struct GuardCase {
    const char* name;
    test::List there;
    test::List ours;
    Placement placement;
    std::size_t missing = 0;
};

const GuardCase guard_cases[] = {
    {"next", {.number = "\x05", .serials = {a}}, {.number = "\x06", .serials = {a, b}}, Placement::written},
    {"same_number_other_list", {.number = "\x05"}, {.number = "\x05", .serials = {a}}, Placement::rollback},
    {"older", {.number = "\x06"}, {.number = "\x05"}, Placement::rollback},
    {"older_by_an_octet", {.number = std::string("\x01\x00", 2)}, {.number = "\x7F"}, Placement::rollback},
    {"older_that_revokes_more", {.number = "\x06"}, {.number = "\x05", .serials = {a}}, Placement::rollback},
    {"forgets_two", {.serials = {a, b}}, {.number = "\x06"}, Placement::would_shrink, 2},
    {"forgets_one_of_two",
     {.serials = {a, b}},
     {.number = "\x06", .serials = {b}},
     Placement::would_shrink,
     1},
    {"same_number_forgets", {.serials = {a}}, {}, Placement::rollback},
    {"forgets_a_hold", {.held = {a}}, {.number = "\x06"}, Placement::would_shrink, 1},
    {"newer_delta",
     {.number = "\x06", .serials = {a}, .base = "\x05"},
     {.number = "\x07", .serials = {a, b}, .base = "\x05"},
     Placement::written},
    {"delta_that_forgets",
     {.number = "\x06", .serials = {a, b}, .base = "\x05"},
     {.number = "\x07", .serials = {b}, .base = "\x05"},
     Placement::would_shrink,
     1},
    {"delta_that_takes_back_what_is_no_hold",
     {.number = "\x06", .serials = {a}, .base = "\x05"},
     {.number = "\x07", .base = "\x05", .removed = {a}},
     Placement::would_shrink,
     1},
    {"delta_after_one_that_took_back",
     {.number = "\x06", .base = "\x05", .removed = {a}},
     {.number = "\x07", .base = "\x05"},
     Placement::written},
    {"older_delta",
     {.number = "\x07", .base = "\x05"},
     {.number = "\x06", .base = "\x05"},
     Placement::rollback},
    {"delta_over_complete", {}, {.number = "\x06", .base = "\x05"}, Placement::foreign},
    {"complete_over_delta", {.number = "\x06", .base = "\x05"}, {.number = "\x07"}, Placement::foreign},
    {"another_scope", {}, {.number = "\x06", .point = test::tlv(0x81, "\xFF")}, Placement::foreign},
};

class PublicationGuard : public testing::TestWithParam<GuardCase> {};

TEST_P(PublicationGuard, decides_what_replaces_what) {
    const Authority ca(0);
    const std::string there = crl(ca, GetParam().there);
    const std::string ours = crl(ca, GetParam().ours);
    const Published done = put_over(there, {name, ours, ca.certificate.get()});
    EXPECT_EQ(to_string(done.file().placement), to_string(GetParam().placement)) << done.file().detail;
    EXPECT_EQ(done.file().missing, GetParam().missing);
    const bool written = GetParam().placement == Placement::written;
    EXPECT_EQ(done.files.at(name), written ? ours : there);
    EXPECT_EQ(done.outcome.in_place(), written);
    EXPECT_EQ(done.manifest(), std::vector{manifest_entry(name, written ? ours : there).value()})
        << "the manifest says what is there";
}
INSTANTIATE_TEST_SUITE_P(table, PublicationGuard, testing::ValuesIn(guard_cases),
                         [](const auto& row) { return row.param.name; });

TEST(PublicationGuard, lets_go_what_may_leave) {
    const Authority ca(0);
    const std::string there = crl(ca, {.serials = {a, b}});
    const CrlFile ours{name, crl(ca, {.number = "\x06"})};
    const auto only_a = [](const CrlFile&, Bytes serial, const RevokedSerials::Entry&) {
        return serial[0] == 0x0A;
    };
    EXPECT_EQ(put_over(there, ours, only_a).file().missing, 1U);
    const auto all = [](const CrlFile&, Bytes, const RevokedSerials::Entry&) { return true; };
    EXPECT_EQ(put_over(there, ours, all).file().placement, Placement::written);
}

constexpr const char* delta_name = "ca-delta.crl";

struct PairCase {
    const char* name;
    test::List complete_there;
    test::List delta_there;
    test::List complete;
    test::List delta;
    Placement complete_placed;
    Placement delta_placed;
};

const PairCase pair_cases[] = {
    {"delta_upon_a_newer_base",
     {},
     {.number = "\x06", .serials = {a}, .base = "\x05"},
     {.number = "\x07", .serials = {a}},
     {.number = "\x08", .serials = {b}, .base = "\x07"},
     Placement::written,
     Placement::written},
    {"depot_of_an_older_day_revokes_more_often",
     {},
     {.number = "\x07", .serials = {a, b}, .base = "\x05"},
     {},
     {.number = "\x08", .serials = {b}, .base = "\x05"},
     Placement::unchanged,
     Placement::would_shrink},
    {"base_that_takes_the_entry_and_a_delta_that_gives_it_back",
     {},
     {.number = "\x06", .serials = {a}, .base = "\x05"},
     {.number = "\x07", .serials = {a}},
     {.number = "\x08", .base = "\x07", .removed = {a}},
     Placement::written,
     Placement::would_shrink},
    {"complete_one_that_forgets_what_the_delta_there_says",
     {},
     {.number = "\x07", .serials = {a, b}, .base = "\x05"},
     {.number = "\x08", .serials = {b}},
     {.number = "\x09", .serials = {b}, .base = "\x08"},
     Placement::would_shrink,
     Placement::failed},
    {"other_list_that_is_called_its_delta",
     {},
     {.number = "\x07", .serials = {a}, .point = test::tlv(0x81, "\xFF"), .base = "\x05"},
     {.number = "\x08"},
     {.number = "\x09", .base = "\x08"},
     Placement::written,
     Placement::foreign},
};

class PublicationGuardOfPairs : public testing::TestWithParam<PairCase> {};

TEST_P(PublicationGuardOfPairs, loses_no_revocation) {
    const Authority ca(0);
    for (const bool delta_first : {false, true}) {
        auto repository = std::make_unique<FakeRepository>();
        const std::string complete_der = crl(ca, GetParam().complete);
        const bool is_there = GetParam().complete.number == GetParam().complete_there.number;
        repository->files[name] = is_there ? complete_der : crl(ca, GetParam().complete_there);
        repository->files[delta_name] = crl(ca, GetParam().delta_there);
        std::vector<CrlFile> files{{name, complete_der, ca.certificate.get(), "", delta_name},
                                   {delta_name, crl(ca, GetParam().delta), ca.certificate.get()}};
        if (delta_first) std::swap(files[0], files[1]);
        const Published done = put(files, std::move(repository));
        const FileOutcome& complete = done.outcome.files[delta_first ? 1 : 0];
        const FileOutcome& delta = done.outcome.files[delta_first ? 0 : 1];
        EXPECT_EQ(complete.name, name);
        EXPECT_EQ(to_string(complete.placement), to_string(GetParam().complete_placed)) << complete.detail;
        EXPECT_EQ(to_string(delta.placement), to_string(GetParam().delta_placed)) << delta.detail;
        for (const ManifestEntry& entry : done.manifest())
            EXPECT_EQ(entry, manifest_entry(entry.name, done.files.at(entry.name)).value());
    }
}
INSTANTIATE_TEST_SUITE_P(table, PublicationGuardOfPairs, testing::ValuesIn(pair_cases),
                         [](const auto& row) { return row.param.name; });

TEST(PublicationGuard, lets_expired_entries_leave_a_delta) {
    const Authority ca(0);
    const std::string there = crl(ca, {.number = "\x06", .serials = {a}, .base = "\x05"});
    const auto all = [](const CrlFile&, Bytes, const RevokedSerials::Entry&) { return true; };
    const CrlFile ours{name, crl(ca, {.number = "\x07", .base = "\x05"})};
    EXPECT_EQ(put_over(there, ours, all).file().placement, Placement::written);
}

TEST(PublicationGuard, leaves_other_authorities_alone) {
    const Authority ca(0);
    const Authority other(1, "Other CA");
    const std::string there = crl(other, {.number = "\x01"});
    const Published done = put_over(there, {name, crl(ca, {.number = "\x09"})});
    EXPECT_EQ(done.file().placement, Placement::foreign);
    EXPECT_THAT(done.file().detail, HasSubstr("CN=Other CA"));
    EXPECT_EQ(done.files.at(name), there);
}

TEST(PublicationGuard, believes_no_crl_that_the_issuer_did_not_sign) {
    const Authority ca(0);
    const Authority thief(1);
    const std::string forged = crl(thief, {.number = "\x7F"});
    const std::string ours = crl(ca, {.number = "\x05"});
    const Published done = put_over(forged, {name, ours, ca.certificate.get()});
    EXPECT_EQ(done.file().placement, Placement::written);
    EXPECT_THAT(done.file().detail, HasSubstr("not signed by its issuer"));
    EXPECT_EQ(put_over(forged, {name, ours}).file().placement, Placement::rollback) << "unknown issuer";
}

TEST(PublicationGuard, replaces_what_is_no_crl) {
    const Authority ca(0);
    const std::string ours = crl(ca, {});
    for (const std::string& there : {std::string("<html>"), std::string(), ours.substr(0, ours.size() - 1)}) {
        const Published done = put_over(there, {name, ours});
        EXPECT_EQ(done.file().placement, Placement::written);
        EXPECT_THAT(done.file().detail, HasSubstr("it was no CRL"));
        EXPECT_EQ(done.files.at(name), ours);
    }
}

TEST(Publish, tells_what_was_read_back_is_something_else) {
    const Authority ca(0);
    const std::vector<CrlFile> files{{name, crl(ca, {})}};
    auto repository = std::make_unique<FakeRepository>();
    repository->changed = name;
    Published done = put(files, std::move(repository));
    EXPECT_EQ(done.file().placement, Placement::failed);
    EXPECT_THAT(done.file().detail, HasSubstr("other bytes were read back"));
    EXPECT_TRUE(done.manifest().empty()) << "nobody knows what is there";

    repository = std::make_unique<FakeRepository>();
    repository->forgotten = name;
    done = put(files, std::move(repository));
    EXPECT_THAT(done.file().detail, HasSubstr("nothing was there"));

    repository = std::make_unique<FakeRepository>();
    repository->changed = manifest_name;
    done = put(files, std::move(repository));
    EXPECT_TRUE(done.file().in_place());
    EXPECT_EQ(done.outcome.manifest.placement, Placement::failed);
    EXPECT_FALSE(done.outcome.in_place());
}

TEST(Publish, goes_on_behind_a_file_that_fails) {
    const Authority ca(0);
    const Authority second(1, "Second CA");
    for (std::string FakeRepository::*way : {&FakeRepository::refused, &FakeRepository::unreadable}) {
        auto repository = std::make_unique<FakeRepository>();
        (*repository).*way = name;
        const Published done = put({{name, crl(ca, {})}, {"b.crl", crl(second, {})}}, std::move(repository));
        EXPECT_EQ(done.outcome.files[0].placement, Placement::failed);
        EXPECT_EQ(done.outcome.files[1].placement, Placement::written);
        ASSERT_EQ(done.manifest().size(), 1U);
        EXPECT_EQ(done.manifest().front().name, "b.crl");
        EXPECT_FALSE(done.outcome.in_place());
    }
}

TEST(Publish, asks_no_more_of_a_repository_that_stalls) {
    const Authority ca(0);
    auto repository = std::make_unique<FakeRepository>();
    repository->stalled = true;
    const Published done = put({{name, crl(ca, {})}}, std::move(repository));
    EXPECT_EQ(done.calls, "");
    EXPECT_THAT(done.file().detail, HasSubstr("it stalls"));
}

TEST(Publish, refuses_files_that_are_none) {
    const Authority ca(0);
    const Authority thief(1);
    const std::string der = crl(ca, {});
    const auto fault = [](const std::vector<CrlFile>& files) {
        return publish(files, {}, {}).error().message;
    };
    EXPECT_THAT(fault({{"../x", der}}), HasSubstr("no name"));
    EXPECT_THAT(fault({{"manifest.json", der}}), HasSubstr("two files"));
    EXPECT_THAT(fault({{name, der}, {name, der}}), HasSubstr("two files"));
    EXPECT_THAT(fault({{name, "x"}}), HasSubstr("ca.crl: "));
    EXPECT_THAT(fault({{name, der, thief.certificate.get()}}), HasSubstr("ca.crl: "));
}

TEST(FolderRepository, keeps_files_that_all_may_read) {
    const sallyport::test::TemporaryFolder folder;
    const auto repository = open_repository(FolderSettings{folder.path()}).value();
    EXPECT_FALSE(repository->get("a.crl").value());
    const mode_t strict = ::umask(077);
    EXPECT_TRUE(repository->put("a.crl", "one"));
    EXPECT_TRUE(repository->put("a.crl", "two"));
    ::umask(strict);
    EXPECT_EQ(repository->get("a.crl").value(), "two");
    struct stat status {};
    ASSERT_EQ(::stat((folder.path() / "a.crl").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0644U);
}

TEST(FolderRepository, removes_what_a_killed_publication_left) {
    const sallyport::test::TemporaryFolder folder;
    for (const char* const file : {".a.crl.a1B2c3", ".a.crl.more", ".aa.crl.a1B2c3", "b.crl"})
        std::ofstream(folder.path() / file) << "old";
    const auto repository = open_repository(FolderSettings{folder.path()}).value();
    EXPECT_TRUE(repository->put("a.crl", "one"));
    std::set<std::string> left;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        left.insert(entry.path().filename().string());
    EXPECT_EQ(left, (std::set<std::string>{".a.crl.more", ".aa.crl.a1B2c3", "a.crl", "b.crl"}));
}

TEST(FolderRepository, says_what_is_wrong) {
    const sallyport::test::TemporaryFolder folder;
    const auto gone = open_repository(FolderSettings{folder.path() / "none"}).value();
    EXPECT_THAT(gone->put("a.crl", "one").error().message, HasSubstr("the folder must be there"));
    EXPECT_THAT(gone->get("a.crl").error().message, HasSubstr("is no folder"));
    std::filesystem::create_directory(folder.path() / "a.crl");
    const auto odd = open_repository(FolderSettings{folder.path()}).value();
    EXPECT_FALSE(odd->put("a.crl", "one"));
    EXPECT_FALSE(odd->get("a.crl"));
}

}  // namespace
}  // namespace sallyport::pki
