#include "firmware-client/simulate_command.h"

#include "firmware-client/commands.h"
#include "firmware-client/console.h"
#include "firmware-client/simulation.h"

#include <cstdio>

#include <unistd.h>

namespace sallyport::device {

int simulate(const SimulationOptions& options) {
    const auto stop = catch_stop_signals();
    if (!stop) return report_failure(stop.error());
    auto fleet = load_fleet(options, {stop->get()});
    if (!fleet) return report_failure(fleet.error());
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    Simulation simulation(std::move(*fleet), options);
    const auto start = std::chrono::steady_clock::now();
    const SimulationTotals totals =
        simulation.run({stop->get()}, [&](const SimulationTotals& now, std::chrono::seconds past) {
            if (!terminal) return;
            std::printf("\r\033[K%s", simulation_progress(now, past, options.time).c_str());
            std::fflush(stdout);
        });
    const auto time = std::chrono::round<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    if (terminal) std::printf("\r\033[K");
    std::fputs(simulation_text(totals, options.devices, time).c_str(), stdout);
    const bool well = totals.visits == totals.visits_by_trouble[static_cast<std::size_t>(Trouble::none)];
    return well ? 0 : 1;
}

}  // namespace sallyport::device
