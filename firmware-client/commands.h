#pragma once

#include "firmware-client/powered_device.h"
#include "firmware-client/recorder.h"

namespace sallyport::device {

/// The commands of `sallyport-device`. Each prints its own output and errors and returns the exit code:
/// 0 success, 1 the server refused, 2 the card is wrong, 3 network, store or card failed.

/// The start-up steps and the whole log queue, once. A request that is forbidden does not stop the others.
int run_once(const DeviceOptions& options);

/// The same for as long as the program runs; SIGTERM or SIGINT ends it with 0. Without an S3 server in the
/// configuration it idles.
int run_forever(const DeviceOptions& options);

/// Turns SIGTERM and SIGINT into a readable descriptor. Errors: card.
Result<Descriptor> catch_stop_signals();

/// Prints an error and returns its exit code.
int report_failure(const Error& error);

/// Who the device is and what waits.
int print_status(const DeviceOptions& options);

/// Writes log files to the card, for demonstrations and tests. Needs no server; may run beside `run`.
int record(const DeviceOptions& options, const RecordPlan& plan);

}  // namespace sallyport::device
