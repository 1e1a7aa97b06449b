#include "gateway/rules/store_health.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;
using Sign = StoreHealth::Sign;

/// One letter for each sign.
Sign sign_of(char letter) {
    switch (letter) {
        case 'c':
            return Sign::connected;
        case 'x':
            return Sign::connect_failed;
        case 'p':
            return Sign::check_passed;
        case 'u':
            return Sign::check_unreachable;
        default:
            return Sign::check_bad_answer;
    }
}

struct HealthCase {
    const char* name;
    const char* signs;   ///< c connected, x connect_failed, p check passed, u unreachable, b bad answer
    const char* states;  ///< after each: U up, D down
};

const HealthCase health_cases[] = {
    {"up_at_first", "c", "U"},
    {"down_with_the_first_failed_connect", "x", "D"},
    {"up_with_the_next_connect", "xc", "DU"},
    {"up_with_a_check", "xp", "DU"},
    {"one_failed_check_is_none", "u", "U"},
    {"two_failed_checks", "uu", "UD"},
    {"two_bad_answers", "bb", "UD"},
    {"one_of_each", "ub", "UD"},
    {"not_two_in_a_row", "upu", "UUU"},
    {"requests_between_do_not_count", "bcb", "UUD"},
    {"failed_checks_are_forgotten_with_a_recovery", "uucu", "UDUU"},
    {"connects_do_not_heal_bad_answers", "bbc", "UDD"},
    {"a_check_heals_bad_answers", "bbcp", "UDDU"},
    {"a_failed_connect_does_not_make_connects_heal", "bbxc", "UDDD"},
    {"starts_and_is_not_ready_yet", "xbcp", "DDDU"},
    {"stays_down_while_unreachable", "xuuu", "DDDD"},
};

class Health : public testing::TestWithParam<HealthCase> {};

TEST_P(Health, follows_the_signs) {
    const std::string signs = GetParam().signs;
    const std::string states = GetParam().states;
    ASSERT_EQ(signs.size(), states.size());
    StoreHealth health;
    StoreHealth::TimePoint now{1h};
    for (std::size_t i = 0; i < signs.size(); ++i) {
        const bool was_up = health.up();
        const auto since = health.since();
        now += 1s;
        const bool changed = health.note(sign_of(signs[i]), now);
        EXPECT_EQ(health.up(), states[i] == 'U') << "after sign " << i;
        EXPECT_EQ(changed, was_up != health.up()) << "after sign " << i;
        EXPECT_EQ(health.since(), changed ? now : since) << "after sign " << i;
    }
}
INSTANTIATE_TEST_SUITE_P(table, Health, testing::ValuesIn(health_cases),
                         [](const auto& row) { return row.param.name; });

struct ChoiceCase {
    const char* name;
    std::vector<StoreCandidate> servers;
    std::size_t turn;
    std::optional<std::size_t> chosen;
};

constexpr bool up = true;
constexpr bool down = false;
constexpr bool tried = true;
constexpr bool fresh = false;

const ChoiceCase choice_cases[] = {
    {"none", {}, 0, std::nullopt},
    {"the_only_one", {{up, fresh, 9}}, 7, 0},
    {"the_only_one_though_down", {{down, fresh, 0}}, 0, 0},
    {"not_twice", {{up, tried, 0}}, 0, std::nullopt},
    {"first_turn", {{up, fresh, 1}, {up, fresh, 1}, {up, fresh, 1}}, 0, 0},
    {"second_turn", {{up, fresh, 1}, {up, fresh, 1}, {up, fresh, 1}}, 1, 1},
    {"turns_begin_again", {{up, fresh, 1}, {up, fresh, 1}, {up, fresh, 1}}, 5, 2},
    {"least_loaded", {{up, fresh, 2}, {up, fresh, 1}, {up, fresh, 3}}, 0, 1},
    {"load_before_turn", {{up, fresh, 0}, {up, fresh, 1}}, 1, 0},
    {"up_before_load", {{down, fresh, 0}, {up, fresh, 50}}, 0, 1},
    {"up_before_load_either_way", {{up, fresh, 50}, {down, fresh, 0}}, 1, 0},
    {"failover", {{up, tried, 0}, {up, fresh, 9}}, 0, 1},
    {"all_up_were_tried", {{up, tried, 0}, {down, fresh, 0}}, 0, 1},
    {"all_down_takes_turns", {{down, fresh, 0}, {down, fresh, 0}}, 1, 1},
    {"all_were_tried", {{up, tried, 0}, {down, tried, 0}}, 0, std::nullopt},
};

class Choice : public testing::TestWithParam<ChoiceCase> {};

TEST_P(Choice, is_as_told) {
    EXPECT_EQ(choose_server(GetParam().servers, GetParam().turn), GetParam().chosen);
}
INSTANTIATE_TEST_SUITE_P(table, Choice, testing::ValuesIn(choice_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
