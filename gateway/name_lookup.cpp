#include "gateway/name_lookup.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>

namespace sallyport::gateway {
namespace {

/// An idle thread ends at once; one that waits for a name server is not waited for.
constexpr std::chrono::milliseconds patience{200};

std::string text_of(const addrinfo& found) {
    char text[INET6_ADDRSTRLEN] = "";
    const void* address = nullptr;
    if (found.ai_family == AF_INET) address = &reinterpret_cast<const sockaddr_in*>(found.ai_addr)->sin_addr;
    if (found.ai_family == AF_INET6)
        address = &reinterpret_cast<const sockaddr_in6*>(found.ai_addr)->sin6_addr;
    if (address == nullptr || ::inet_ntop(found.ai_family, address, text, sizeof text) == nullptr) return "";
    return text;
}

}  // namespace

FoundAddresses look_up_by_system(const std::string& name) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;  // no IPv6 addresses where this machine has none
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
    if (error != 0) {
        return {{}, name + ": " + (error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error))};
    }
    FoundAddresses found;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        if (auto text = text_of(*entry); !text.empty()) found.addresses.push_back(std::move(text));
    }
    ::freeaddrinfo(list);
    if (found.addresses.empty()) found.problem = name + ": no address";
    return found;
}

struct NameLookup::State {
    struct Job {
        std::string name;
        Done done;
    };
    LookUp look_up;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Job> jobs;
    bool running = false;
    bool stopped = false;
};

NameLookup::NameLookup(LookUp look_up) : state_(std::make_shared<State>()) {
    state_->look_up = std::move(look_up);
}

NameLookup::~NameLookup() {
    std::unique_lock lock(state_->mutex);
    state_->stopped = true;
    state_->jobs.clear();
    state_->changed.notify_all();
    state_->changed.wait_for(lock, patience, [this] { return !state_->running; });
}

void NameLookup::begin(std::string name, Done done) {
    const std::lock_guard lock(state_->mutex);
    state_->jobs.push_back({std::move(name), std::move(done)});
    if (!std::exchange(state_->running, true)) std::thread(run, state_).detach();
    state_->changed.notify_all();
}

void NameLookup::run(std::shared_ptr<State> state) {
    std::unique_lock lock(state->mutex);
    for (;;) {
        state->changed.wait(lock, [&] { return state->stopped || !state->jobs.empty(); });
        if (state->stopped) break;
        const State::Job job = std::move(state->jobs.front());
        state->jobs.pop_front();
        lock.unlock();
        FoundAddresses found = state->look_up(job.name);
        lock.lock();
        // Under the lock: whoever has destroyed the object meanwhile is not called.
        if (!state->stopped) job.done(std::move(found));
    }
    state->running = false;
    state->changed.notify_all();
}

}  // namespace sallyport::gateway
