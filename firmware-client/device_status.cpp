#include "firmware-client/device_status.h"

#include "firmware-client/printable.h"
#include "pki/time.h"

#include <algorithm>
#include <ctime>

#include <boost/json/value.hpp>

namespace sallyport::device {
namespace {

namespace json = boost::json;

std::string message_text(std::string_view text) {
    constexpr std::size_t longest_message = 400;
    return printable(text.substr(0, longest_message));
}

std::optional<std::chrono::sys_seconds> time_at(const json::object& object, std::string_view key) {
    const json::value* const value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    std::tm date{};
    const char* const rest = ::strptime(value->get_string().c_str(), "%Y-%m-%dT%H:%M:%SZ", &date);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    return pki::instant_of(date);
}

std::string text_at(const json::object& object, std::string_view key) {
    const json::value* const value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return message_text({value->get_string().data(), value->get_string().size()});
}

void read_judged(const json::object& object, DeviceStatus& status) {
    constexpr std::size_t most = 16;
    const json::value* const judged = object.if_contains("judged");
    if (judged == nullptr || !judged->is_object()) return;
    for (const auto& member : judged->get_object()) {
        if (status.judged.size() == most || !member.value().is_object()) return;
        const json::object& one = member.value().get_object();
        status.judged[std::string{member.key()}] = {text_at(one, "etag"), text_at(one, "fault")};
    }
}

void put_time(json::object& object, std::string_view key,
              const std::optional<std::chrono::sys_seconds>& time) {
    if (time) object[key] = pki::rfc3339(*time);
}

}  // namespace

json::object status_object(const DeviceStatus& status) {
    json::object object;
    object["state"] = traits_of(status.state).word;
    if (!status.message.empty()) object["message"] = status.message;
    put_time(object, "since", status.since);
    put_time(object, "next_attempt", status.next_attempt);
    put_time(object, "last_success", status.last_success);
    if (status.last_trouble != Trouble::none) {
        json::object last;
        last["state"] = traits_of(status.last_trouble).word;
        last["message"] = status.last_trouble_message;
        put_time(last, "time", status.last_trouble_time);
        object["last_trouble"] = std::move(last);
    }
    json::object judged;
    for (const auto& [name, judgement] : status.judged) {
        judged[name] = {{"etag", message_text(judgement.etag)}, {"fault", message_text(judgement.fault)}};
    }
    if (!judged.empty()) object["judged"] = std::move(judged);
    return object;
}

DeviceStatus read_status(const json::object& object) {
    DeviceStatus status;
    status.state = trouble_named(text_at(object, "state"));
    status.message = text_at(object, "message");
    status.since = time_at(object, "since");
    status.next_attempt = time_at(object, "next_attempt");
    status.last_success = time_at(object, "last_success");
    const json::value* const last = object.if_contains("last_trouble");
    if (last != nullptr && last->is_object()) {
        status.last_trouble = trouble_named(text_at(last->get_object(), "state"));
        status.last_trouble_message = text_at(last->get_object(), "message");
        status.last_trouble_time = time_at(last->get_object(), "time");
    }
    read_judged(object, status);
    return status;
}

StatusKeeper::Change StatusKeeper::failed(Task task, const Error& error, std::chrono::milliseconds wait,
                                          std::chrono::sys_seconds now) {
    constexpr std::chrono::hours line_period{1};
    TaskTrouble& mine = tasks_[static_cast<std::size_t>(task)];
    const Trouble trouble = error.kind();
    // Another task may have met the same: what concerns the whole device is one event, not six.
    const bool known = std::any_of(tasks_.begin(), tasks_.end(), [&](const TaskTrouble& one) {
        const bool same_event = &one == &mine || traits_of(trouble).scope == TroubleScope::device;
        return same_event && one.trouble == trouble && std::chrono::abs(now - one.line_at) < line_period;
    });
    if (mine.trouble != trouble) mine.since = now;
    if (!known) mine.line_at = now;
    mine.trouble = trouble;
    mine.message = message_text(error.message);
    status_.last_trouble = trouble;
    status_.last_trouble_message = mine.message;
    status_.last_trouble_time = now;
    const bool changed = show_worst();
    status_.next_attempt = now + std::chrono::ceil<std::chrono::seconds>(wait);
    return {changed, !known};
}

StatusKeeper::Change StatusKeeper::succeeded(Task task, std::chrono::sys_seconds now) {
    for (TaskTrouble& one : tasks_) {
        const bool mine = &one == &tasks_[static_cast<std::size_t>(task)];
        if (mine || traits_of(one.trouble).scope == TroubleScope::device) one = {};
    }
    status_.last_success = now;
    const bool changed = show_worst();
    if (changed) status_.since = status_.state == Trouble::none ? std::optional{now} : status_.since;
    return {changed, changed};
}

/// The first trouble that there is, one that concerns the whole device before others.
bool StatusKeeper::show_worst() {
    const auto find = [&](auto&& wanted) { return std::find_if(tasks_.begin(), tasks_.end(), wanted); };
    const auto is_trouble = [](const TaskTrouble& one) { return one.trouble != Trouble::none; };
    auto worst = find([&](const TaskTrouble& one) {
        return is_trouble(one) && traits_of(one.trouble).scope == TroubleScope::device;
    });
    if (worst == tasks_.end()) worst = find(is_trouble);
    const Trouble before = status_.state;
    if (worst == tasks_.end()) {
        status_.state = Trouble::none;
        status_.message.clear();
        status_.next_attempt.reset();
    } else {
        status_.state = worst->trouble;
        status_.message = worst->message;
        status_.since = worst->since;
    }
    return status_.state != before;
}

}  // namespace sallyport::device
