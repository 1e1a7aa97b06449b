#include "pki/terminal.h"

#include "pki/descriptor.h"
#include "pki/passphrase_source.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

/// Holds signals back while the terminal is not as it was. What came in the meantime is delivered at the end.
class BlockedSignals {
  public:
    BlockedSignals() {
        sigemptyset(&set_);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
            struct sigaction action {};
            const bool ignored = ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
            if (!ignored) sigaddset(&set_, signal);
        }
        ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;
    ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    const sigset_t& set() const noexcept { return set_; }
    static bool stop_is_pending() {
        sigset_t pending;
        return ::sigpending(&pending) == 0 && sigismember(&pending, SIGTSTP) == 1;
    }

  private:
    sigset_t set_{};
    sigset_t before_{};
};

/// The terminal without echo. TCSAFLUSH: what was typed before the question is no answer to it.
class NoEcho {
  public:
    explicit NoEcho(int terminal) : terminal_(terminal), changed_(::tcgetattr(terminal, &before_) == 0) {
        if (!changed_) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK);
        silent.c_lflag |= ICANON | ISIG | ECHONL;
        changed_ = ::tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;
    ~NoEcho() {
        if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    }
    bool in_force() const noexcept { return changed_; }

  private:
    int terminal_;
    termios before_{};
    bool changed_;
};

Error terminal_error(std::string_view doing) {
    return {Fault::runtime, "the terminal: " + std::string(doing) + ": " + std::strerror(errno)};
}

void say(int terminal, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(terminal, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;  // the person sees no question; the answer counts all the same
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

/// The bytes up to a line feed; nothing when a signal came first.
Result<std::optional<Secret>> read_line(int terminal, int signals) {
    struct Buffer {
        char bytes[max_passphrase_bytes + 2];
        ~Buffer() { OPENSSL_cleanse(bytes, sizeof bytes); }
    } buffer;
    std::size_t size = 0;
    for (;;) {
        pollfd events[] = {{terminal, POLLIN, 0}, {signals, POLLIN, 0}};
        if (::poll(events, 2, -1) < 0) {
            if (errno == EINTR) continue;
            return terminal_error("cannot wait for it");
        }
        if (events[1].revents != 0) return std::optional<Secret>{};
        const ssize_t count = ::read(terminal, buffer.bytes + size, sizeof buffer.bytes - size);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return terminal_error("cannot read it");
        if (count == 0) return Error{Fault::input, "the terminal: the input has ended without an answer"};
        size += static_cast<std::size_t>(count);
        if (buffer.bytes[size - 1] == '\n') {
            std::string line;
            line.reserve(size);
            line.assign(buffer.bytes, size - 1);
            return std::optional(Secret(std::move(line)));
        }
        if (size == sizeof buffer.bytes) {
            return Error{Fault::input, "the terminal: the answer is longer than " +
                                           std::to_string(max_passphrase_bytes) + " bytes"};
        }
    }
}

/// One question. Nothing when the program was stopped meanwhile and goes on now.
Result<std::optional<Secret>> ask_once(int terminal, std::string_view prompt) {
    const BlockedSignals blocked;
    const Descriptor signals(::signalfd(-1, &blocked.set(), SFD_CLOEXEC | SFD_NONBLOCK));
    if (signals.get() < 0) return terminal_error("cannot watch signals");
    const NoEcho silent(terminal);
    if (!silent.in_force()) return terminal_error("cannot switch off its echo");
    say(terminal, prompt);
    auto line = read_line(terminal, signals.get());
    if (!line || *line) return line;
    say(terminal, "\n");
    if (BlockedSignals::stop_is_pending()) return line;
    return Error{Fault::input, "the terminal: interrupted"};  // unless the signal ends the program
}

}  // namespace

Result<Secret> ask_terminal(std::string_view prompt) {
    const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (terminal.get() < 0) {
        return Error{
            Fault::input,
            std::string(prompt) + ": no terminal to ask at; name a file, a variable or a credential instead"};
    }
    const std::string question = std::string(prompt) + ": ";
    for (;;) {
        auto answer = ask_once(terminal.get(), question);
        if (!answer) return answer.error();
        if (*answer) return std::move(**answer);
    }
}

}  // namespace sallyport::pki
