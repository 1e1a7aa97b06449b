#pragma once

#include "pki/descriptor.h"

#include <chrono>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// Whoever started this process and wants to hear how it is, by the protocol of sd_notify(3): systemd with
/// Type=notify and WatchdogSec=. When nobody asked, every call does nothing. What cannot be delivered within
/// a second is dropped: a supervisor that does not listen must not stop the service. For one thread.
///
/// Written here and not taken from libsystemd: the protocol is a datagram, the library brings four
/// compression libraries into a process that holds keys.
class Supervisor {
  public:
    /// What the environment says of it; a null pointer stands for a variable that is not there.
    struct Wishes {
        const char* socket = nullptr;  ///< NOTIFY_SOCKET: a path, or @NAME in the abstract namespace
        const char* watchdog_usec =
            nullptr;                         ///< WATCHDOG_USEC: without a sign of life for so long it ends us
        const char* watchdog_pid = nullptr;  ///< WATCHDOG_PID: whom that is about; anybody when not there
    };
    static Wishes wishes_of_environment();

    explicit Supervisor(const Wishes& wishes);

    /// The service has started, or a reload is over. `status` is one line for people.
    void ready(std::string_view status);
    /// A reload has begun. `ready` ends it, whatever became of it.
    void reloading();
    /// The end has begun: from here on `ready` and `reloading` say nothing any more.
    void stopping();
    /// A sign of life, if signs of life are wanted.
    void alive();

    /// How often `alive` is to be called: three times within the supervisor's patience, within the given
    /// bounds.
    std::chrono::milliseconds interval(std::chrono::milliseconds least, std::chrono::milliseconds most) const;

  private:
    void tell(std::string_view assignments) const;

    std::string address_;  ///< as Wishes has it; empty: nobody listens
    pki::Descriptor socket_;
    std::chrono::microseconds patience_{0};  ///< 0: no watchdog
    bool stopping_ = false;
};

}  // namespace sallyport::gateway
