#include "gateway/read_buffer.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

void read_into(ReadBuffer& buffer, std::string_view bytes) {
    const auto room = buffer.make_room();
    ASSERT_GE(room.size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), room.begin());
    buffer.filled(bytes.size());
}

std::string unread(const ReadBuffer& buffer) {
    return {buffer.unread().begin(), buffer.unread().end()};
}

TEST(ReadBuffer, begins_empty) {
    const ReadBuffer buffer(8);
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(unread(buffer), "");
}

TEST(ReadBuffer, keeps_what_was_read_until_it_is_consumed) {
    ReadBuffer buffer(8);
    read_into(buffer, "abc");
    read_into(buffer, "de");
    EXPECT_EQ(unread(buffer), "abcde");
    buffer.consume(2);
    EXPECT_EQ(unread(buffer), "cde");
    buffer.consume(3);
    EXPECT_TRUE(buffer.empty());
}

TEST(ReadBuffer, has_a_capacity) {
    ReadBuffer buffer(4);
    EXPECT_EQ(buffer.make_room().size(), 4U);
    read_into(buffer, "abcd");
    EXPECT_TRUE(buffer.make_room().empty());
    buffer.consume(3);
    EXPECT_EQ(buffer.make_room().size(), 3U) << "consumed room is found again";
    EXPECT_EQ(unread(buffer), "d");
}

TEST(ReadBuffer, moves_overlapping_bytes) {
    ReadBuffer buffer(8);
    read_into(buffer, "abcdefgh");
    buffer.consume(1);
    EXPECT_EQ(buffer.make_room().size(), 1U);
    EXPECT_EQ(unread(buffer), "bcdefgh");
}

TEST(ReadBuffer, does_not_move_a_head_that_is_consumed) {
    ReadBuffer buffer(8);
    read_into(buffer, "headbody");
    const std::string_view head(buffer.unread().data(), 4);
    buffer.consume(4);
    EXPECT_EQ(head, "head");
    EXPECT_EQ(unread(buffer), "body");
}

TEST(ReadBuffer, takes_bytes_back_while_they_fit) {
    ReadBuffer buffer(4);
    EXPECT_TRUE(buffer.put_back("abc"));
    EXPECT_FALSE(buffer.put_back("de"));
    EXPECT_EQ(unread(buffer), "abc") << "nothing of what does not fit";
    EXPECT_TRUE(buffer.put_back("d"));
    EXPECT_TRUE(buffer.put_back(""));
    EXPECT_EQ(unread(buffer), "abcd");
}

TEST(ReadBuffer, gives_its_memory_back_and_takes_it_again) {
    ReadBuffer buffer(4);
    read_into(buffer, "abcd");
    buffer.consume(4);
    buffer.release();
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.unread().size(), 0U);
    read_into(buffer, "ef");
    EXPECT_EQ(unread(buffer), "ef");
}

}  // namespace
}  // namespace sallyport::gateway
