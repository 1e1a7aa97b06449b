#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::gateway {

struct FoundAddresses {
    std::vector<std::string> addresses;  ///< IPv4 and IPv6, as text; empty: see `problem`
    std::string problem;
};

/// Looks a name up as all programs of this machine do (getaddrinfo). Blocks, for up to a minute or so.
FoundAddresses look_up_by_system(const std::string& name);

/// Looks names up one after the other on a thread of its own, which begins with the first. Thread-safe.
class NameLookup {
  public:
    using LookUp = std::function<FoundAddresses(const std::string& name)>;
    using Done = std::function<void(FoundAddresses)>;

    explicit NameLookup(LookUp look_up);
    /// No `done` is called afterwards. Does not wait for a name server that is silent: the thread is then
    /// left to end by itself, and touches nothing but its own state.
    ~NameLookup();
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;

    /// `done` is called on the thread of the look-ups; it must be quick and must not call this object.
    void begin(std::string name, Done done);

  private:
    struct State;
    static void run(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;
};

}  // namespace sallyport::gateway
