#include "pki/tool/audit.h"

#include "tests/support/temporary_folder.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using testing::HasSubstr;
constexpr std::chrono::sys_seconds start{std::chrono::seconds{1'800'000'000}};

class AuditTest : public testing::Test {
  protected:
    AuditTest() {
        std::ofstream{path()};
        auto index = Index::create(path()).value();
        for (const char* action : {"one", "two", "three", "four"})
            EXPECT_TRUE(index.note(action, "ca", "detail", {start, "tester", "for the test"}));
    }

    std::filesystem::path path() const { return folder.path() / "index.sqlite"; }

    /// What somebody with the file and the sqlite3 command can do, triggers or not.
    void tamper(const std::string& sql) {
        const std::string script = "DROP TRIGGER events_stay; DROP TRIGGER events_do_not_change; " + sql;
        ASSERT_TRUE(Database::open(path()).value().execute(script.c_str()));
    }

    Answer verify(const std::string& head = {}) {
        auto index = Index::open(path()).value();
        return verify_audit(index, head).value();
    }

    sallyport::test::TemporaryFolder folder;
};

TEST_F(AuditTest, a_whole_log_is_whole) {
    const Answer answer = verify();
    EXPECT_TRUE(answer.yes);
    EXPECT_THAT(answer.text, HasSubstr("4 events, whole"));
    const std::string head(answer.json.at("head").as_string());
    EXPECT_EQ(head.size(), 64U);
    EXPECT_TRUE(verify(head).yes);
    std::string lower = head;
    for (char& c : lower)
        c = static_cast<char>(std::tolower(c));
    EXPECT_TRUE(verify(lower).yes);
    EXPECT_FALSE(verify(std::string(64, '0')).yes);
}

struct TamperCase {
    const char* name;
    const char* sql;
    const char* fault;
};

class TamperedAudit : public AuditTest, public testing::WithParamInterface<TamperCase> {};

TEST_P(TamperedAudit, is_noticed) {
    tamper(GetParam().sql);
    const Answer answer = verify();
    EXPECT_FALSE(answer.yes);
    EXPECT_THAT(answer.text, HasSubstr(GetParam().fault));
}

const TamperCase tamper_cases[] = {
    {"who", "UPDATE events SET who = 'nobody' WHERE id = 2", "event 2 is not what was logged"},
    {"why", "UPDATE events SET why = '' WHERE id = 2", "event 2"},
    {"when", "UPDATE events SET at = at + 1 WHERE id = 3", "event 3"},
    {"action", "UPDATE events SET action = 'x' WHERE id = 4", "event 4"},
    {"field_moved", "UPDATE events SET action = 'twoca', authority = '' WHERE id = 2", "event 2"},
    {"removed", "DELETE FROM events WHERE id = 2", "between event 1 and event 3 something is missing"},
    {"first_removed", "DELETE FROM events WHERE id = 1", "between event 0 and event 2"},
    {"hash", "UPDATE events SET hash = zeroblob(32) WHERE id = 2", "event 2"},
};
INSTANTIATE_TEST_SUITE_P(table, TamperedAudit, testing::ValuesIn(tamper_cases),
                         [](const auto& row) { return row.param.name; });

TEST_F(AuditTest, what_was_cut_off_at_the_end_shows_by_the_head_that_was_noted) {
    const std::string head(verify().json.at("head").as_string());
    tamper("DELETE FROM events WHERE id = 4");
    EXPECT_TRUE(verify().yes) << "a chain without its last link is a chain";
    EXPECT_FALSE(verify(head).yes);
}

}  // namespace
}  // namespace sallyport::pki
