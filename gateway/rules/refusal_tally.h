#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// Keeps a flood of refusals from filling an audit log: of those that are alike (the same client, the same
/// reason) the first is written, the others are counted, and the count is written with the last of them when
/// `interval` is over. Nothing is left out that is not counted. Bounded: of more than `max_keys` kinds the
/// surplus is one kind for each `overflow` that it comes with. Time is the caller's. Not thread-safe.
class RefusalTally {
  public:
    using Clock = std::chrono::steady_clock;

    RefusalTally(std::size_t max_keys, Clock::duration interval) : max_keys_(max_keys), interval_(interval) {}

    /// A refusal; `record` is what would be written of it. True: write it. False: it was counted.
    bool is_first(std::string_view key, std::string_view overflow, std::string_view record,
                  Clock::time_point now);

    struct Repeated {
        std::uint64_t count;  ///< that were not written
        std::string last;     ///< the record of the last of them
    };
    /// Those whose interval is over by `now`; the kinds that had none in it are forgotten.
    std::vector<Repeated> due(Clock::time_point now);
    /// All that was counted, whatever the time: the end has come.
    std::vector<Repeated> all();

  private:
    struct Kind {
        Clock::time_point until;
        Repeated repeated;
    };

    std::size_t max_keys_;
    Clock::duration interval_;
    std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace sallyport::gateway
