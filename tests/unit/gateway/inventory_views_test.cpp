#include "gateway/inventory_views.h"

#include "gateway/csv_row.h"

#include <algorithm>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;
using View = InventoryQuestion::View;
using Format = InventoryQuestion::Format;

const std::chrono::sys_seconds morning{std::chrono::hours(24 * 20000)};
constexpr std::size_t capacity = 16'000;

void fill(DeviceInventory& inventory, int devices) {
    for (int i = 0; i < devices; ++i) {
        const Sighting seen{.listener = "fleet",
                            .version = "TLSv1.2",
                            .cipher = "AES128-SHA",
                            .key_bits = 2048,
                            .proven = true,
                            .serial = "0A",
                            .certificate_not_after = morning,
                            .shadow = i % 3 == 0};
        inventory.note("D" + std::to_string(10'000 + i), seen, capacity, morning + std::chrono::seconds(i));
    }
}

TEST(InventoryView, gives_all_devices_in_pieces) {
    DeviceInventory inventory;
    fill(inventory, 1234);
    InventoryView view(inventory, {}, morning);
    std::string text;
    std::size_t largest = 0;
    std::size_t pieces = 0;
    for (std::string piece = view.next(); !piece.empty(); piece = view.next()) {
        largest = std::max(largest, piece.size());
        ++pieces;
        text += piece;
    }
    EXPECT_GE(pieces, 4U);
    EXPECT_LT(largest, text.size() / 2);
    EXPECT_EQ(view.next(), "") << "it has ended";
    const json::value document = json::parse(text);
    const json::array& devices = document.at("devices").as_array();
    ASSERT_EQ(devices.size(), 1234U);
    EXPECT_TRUE(document.at("next").is_null());
    EXPECT_EQ(document.at("known").as_int64(), 1234);
    EXPECT_TRUE(std::ranges::is_sorted(
        devices, {}, [](const json::value& device) { return std::string(device.at("device").as_string()); }));
}

TEST(InventoryView, gives_pages) {
    DeviceInventory inventory;
    fill(inventory, 700);
    std::size_t devices = 0;
    std::size_t asked = 0;
    for (std::string after;;) {
        const json::value page =
            json::parse(whole(InventoryView(inventory, {.after = after, .limit = 600}, morning)));
        devices += page.at("devices").as_array().size();
        ++asked;
        if (page.at("next").is_null()) break;
        after = page.at("next").as_string();
    }
    EXPECT_EQ(devices, 700U);
    EXPECT_EQ(asked, 2U);
}

TEST(InventoryView, gives_what_has_changed) {
    DeviceInventory inventory;
    fill(inventory, 100);
    const InventoryQuestion question{.since = morning + std::chrono::seconds(90)};
    const json::value page = json::parse(whole(InventoryView(inventory, question, morning)));
    EXPECT_EQ(page.at("devices").as_array().size(), 10U);
}

TEST(InventoryView, of_shadow_mode_leaves_out_others) {
    DeviceInventory inventory;
    fill(inventory, 3000);
    const json::value page = json::parse(whole(InventoryView(inventory, {.view = View::shadow}, morning)));
    EXPECT_EQ(page.at("devices").as_array().size(), 1000U);
}

TEST(InventoryView, as_csv_has_a_header_and_a_row_for_each) {
    DeviceInventory inventory;
    EXPECT_THAT(whole(InventoryView(inventory, {.format = Format::csv}, morning)),
                testing::MatchesRegex("device,listener,[a-z_,]*\r\n"));
    fill(inventory, 1);
    inventory.refused(
        "D10000", {.listener = "fleet", .reason = Reason::revoked, .detail = "=1+1, \"x\"", .proven = true},
        capacity, morning);
    const std::string text = whole(InventoryView(inventory, {.format = Format::csv}, morning));
    EXPECT_THAT(text, testing::HasSubstr("\r\nD10000,fleet,2024-10-04T00:00:00Z,2024-10-04T00:00:00Z,TLSv1.2,"
                                         "AES128-SHA,2048,proven,0A,2024-10-04T00:00:00Z,0,0,0,1,revoked,"
                                         "\"'=1+1, \"\"x\"\"\",2024-10-04T00:00:00Z,0,\"\",\"\"\r\n"));
}

struct Cell {
    const char* name;
    const char* text;
    const char* written;
};

class CsvCells : public testing::TestWithParam<Cell> {};

TEST_P(CsvCells, are_written_so_that_no_reader_runs_them) {
    CsvRow row;
    row.add(GetParam().text);
    EXPECT_EQ(row.finish(), std::string(GetParam().written) + "\r\n");
}

INSTANTIATE_TEST_SUITE_P(
    Rfc4180, CsvCells,
    testing::Values(Cell{"plain", "abc", "abc"}, Cell{"empty", "", "\"\""}, Cell{"comma", "a,b", "\"a,b\""},
                    Cell{"quote", "a\"b", "\"a\"\"b\""}, Cell{"line_end", "a\r\nb", "\"a\r\nb\""},
                    Cell{"equals", "=1+1", "\"'=1+1\""}, Cell{"plus", "+1", "\"'+1\""},
                    Cell{"minus", "-1", "\"'-1\""}, Cell{"at", "@SUM(A1)", "\"'@SUM(A1)\""},
                    Cell{"tab", "\t=1", "\"'\t=1\""}, Cell{"cr", "\r=1", "\"'\r=1\""},
                    Cell{"equals_later", "a=1", "a=1"},
                    Cell{"markup", "<script>alert(1)</script>", "<script>alert(1)</script>"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
