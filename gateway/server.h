#pragma once

#include "gateway/admin.h"
#include "gateway/archive_writer.h"
#include "gateway/crl_report.h"
#include "gateway/file_watch.h"
#include "gateway/inventory_keeper.h"
#include "gateway/ladder_watch.h"
#include "gateway/listening_socket.h"
#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/snapshot.h"
#include "gateway/store_watch.h"
#include "gateway/supervisor.h"
#include "gateway/watchdog.h"
#include "gateway/worker.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace sallyport::gateway {

/// The running gateway: listening sockets, workers, reload, drain. The thread that calls `run` loads and
/// publishes snapshots; the workers never wait for it.
class Server {
  public:
    /// Takes the first snapshot. Opens every socket before anything runs, so that a start either succeeds as
    /// a whole or throws std::runtime_error (an address in use, a log file ...).
    explicit Server(LoadedSnapshot first);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Serves until SIGTERM or SIGINT, then drains; a second signal ends at once. Returns when all is over.
    void run();

  private:
    void begin(LoadedSnapshot first);
    void open_ports(const Settings& settings);
    boost::asio::awaitable<void> watch_files();
    boost::asio::awaitable<void> watch_signals();
    boost::asio::awaitable<void> wait_for_workers();
    boost::asio::awaitable<void> watch_clock();
    void start_drain();
    std::string service_status() const;
    void report_watch_failed();
    void reload(std::string_view trigger);
    void publish(LoadedSnapshot loaded, Clock::time_point noticed);
    void report_reload_faults(const std::vector<std::string>& faults, std::string_view trigger);
    bool try_reload(std::string_view trigger);
    void reload_failed(const std::vector<std::string>& faults, std::string_view trigger);
    void report_reload(const Snapshot& snapshot, std::string_view result, std::string_view trigger,
                       Clock::time_point noticed);
    void report_warnings(const std::vector<std::string>& warnings);
    void look_at_files(const Snapshot& snapshot);
    void watch_ended(std::exception_ptr failure);
    std::vector<std::string> restart_only_changes(const Settings& fresh) const;

    Supervisor supervisor_{Supervisor::wishes_of_environment()};
    Metrics metrics_;
    Log log_;
    LadderWatch ladder_{metrics_, log_};
    CrlReport crl_report_{metrics_, log_};
    ArchiveWriter archive_{log_};
    SnapshotStore snapshots_;
    DeviceInventory inventory_;
    AddressLimiter handshakes_by_address_;
    AddressLimiter failures_by_address_;
    DeviceLimiter device_limiter_;
    StoreEvents store_events_{metrics_, log_};
    Shared shared_{snapshots_,           metrics_,        log_,         inventory_, handshakes_by_address_,
                   failures_by_address_, device_limiter_, store_events_};
    InventoryKeeper keeper_{snapshots_, inventory_, device_limiter_, log_};
    std::vector<ListeningSocket> sockets_;
    std::vector<Listener> listeners_;  // complete before the first worker keeps a reference
    std::vector<Port> ports_;          // the same
    boost::asio::io_context control_{1};
    boost::asio::signal_set signals_;
    FileWatch files_;
    StoreWatch store_watch_{store_events_};
    std::vector<std::unique_ptr<Worker>> workers_;
    Watchdog watchdog_{supervisor_, workers_};
    std::vector<std::thread> threads_;
    std::unique_ptr<Admin> admin_;
    std::atomic<std::size_t> running_workers_{0};
    bool draining_ = false;

    // Failed reloads are tried again: what prevented one (descriptors, memory, half-written files) may pass.
    std::chrono::seconds retry_after_{0};  ///< 0: nothing to retry
    Clock::time_point retry_at_;
    std::vector<std::string> last_faults_;
    Clock::time_point next_look_;
    std::string seen_files_;
};

}  // namespace sallyport::gateway
