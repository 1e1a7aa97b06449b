#include "pki/terminal.h"

#include "pki/passphrase_source.h"

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

/// A child with a terminal of its own, and us at its keyboard.
class Keyboard {
  public:
    /// The child says "=" and what `child` returns.
    explicit Keyboard(const std::function<std::string()>& child) {
        pid_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
        if (pid_ == 0) {
            const std::string text = "=" + child() + "\n";
            const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
            ::_exit(written < 0 ? 1 : 0);
        }
    }
    Keyboard(const Keyboard&) = delete;
    Keyboard& operator=(const Keyboard&) = delete;
    ~Keyboard() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::close(terminal_);
    }

    /// What the screen shows, from where the last look ended, up to and with `text`; all of it, where that
    /// never comes.
    std::string screen_until(const std::string& text) {
        std::string screen;
        while (screen.find(text) == screen.npos) {
            pollfd event{terminal_, POLLIN, 0};
            char byte = 0;
            if (::poll(&event, 1, 20'000) <= 0 || ::read(terminal_, &byte, 1) != 1) break;
            screen += byte;
        }
        return screen;
    }
    void type(const std::string& text) {
        EXPECT_EQ(::write(terminal_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    bool echoes() const {
        termios state{};
        return ::tcgetattr(terminal_, &state) == 0 && (state.c_lflag & ECHO) != 0;
    }
    pid_t pid() const { return pid_; }
    int wait() {
        int status = 0;
        EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
        return status;
    }

  private:
    int terminal_ = -1;
    pid_t pid_ = -1;
};

std::string answer(const Result<Secret>& secret) {
    return secret ? "[" + std::string(secret->reveal()) + "]" : secret.error().message;
}

std::string ask() {
    return answer(ask_terminal("PIN"));
}

TEST(Terminal, asks_without_echo_and_puts_it_back) {
    Keyboard keyboard(ask);
    EXPECT_EQ(keyboard.screen_until("PIN: "), "PIN: ");
    EXPECT_FALSE(keyboard.echoes());
    keyboard.type("12345\b6 7\n");  // ^H is no erase character here
    EXPECT_EQ(keyboard.screen_until("]"), "\r\n=[12345\b6 7]");
    EXPECT_EQ(keyboard.wait(), 0);
    EXPECT_TRUE(keyboard.echoes());
}

TEST(Terminal, asks_twice_for_what_is_new) {
    const auto ask_new = [] { return answer(PassphraseSource::terminal().read_new("New passphrase")); };
    {
        Keyboard keyboard(ask_new);
        keyboard.screen_until("New passphrase: ");
        keyboard.type("twelve chars\n");
        keyboard.screen_until("New passphrase, again: ");
        keyboard.type("twelve chars\n");
        EXPECT_EQ(keyboard.screen_until("]"), "\r\n=[twelve chars]");
    }
    Keyboard keyboard(ask_new);
    keyboard.screen_until("New passphrase: ");
    keyboard.type("twelve chars\n");
    keyboard.screen_until("New passphrase, again: ");
    keyboard.type("twelve chaRs\n");
    EXPECT_EQ(keyboard.screen_until("same"), "\r\n=New passphrase: the two are not the same");
}

TEST(Terminal, is_put_back_before_a_signal_ends_the_program) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        Keyboard keyboard(ask);
        keyboard.screen_until("PIN: ");
        keyboard.type("123");
        ::kill(keyboard.pid(), signal);
        const int status = keyboard.wait();
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << signal << ' ' << status;
        EXPECT_TRUE(keyboard.echoes()) << signal;
    }
}

/// What a shell does: `job` in a process group of its own, in the foreground. Says "stopped" when it is, and
/// lets it go on at SIGUSR1. A group without such a parent in its session is never stopped by the terminal.
std::string run_as_a_shell(const std::function<std::string()>& job) {
    sigset_t resume;
    sigemptyset(&resume);
    sigaddset(&resume, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &resume, nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::setpgid(0, 0);
        std::signal(SIGTTOU, SIG_IGN);
        ::tcsetpgrp(STDIN_FILENO, ::getpid());
        std::signal(SIGTTOU, SIG_DFL);
        const std::string text = job();
        ::_exit(::write(STDOUT_FILENO, text.data(), text.size()) < 0 ? 1 : 0);
    }
    int status = 0;
    if (::waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status)) return "not stopped";
    if (::write(STDOUT_FILENO, "stopped", 7) != 7) return "no terminal";
    int signal = 0;
    ::sigwait(&resume, &signal);
    ::kill(pid, SIGCONT);
    ::waitpid(pid, &status, 0);
    return "";
}

TEST(Terminal, is_put_back_while_the_program_is_stopped) {
    Keyboard keyboard([] { return run_as_a_shell(ask); });
    keyboard.screen_until("PIN: ");
    keyboard.type("\x1a");  // ^Z
    EXPECT_NE(keyboard.screen_until("stopped").find("stopped"), std::string::npos);
    EXPECT_TRUE(keyboard.echoes());
    ::kill(keyboard.pid(), SIGUSR1);
    keyboard.screen_until("PIN: ");
    EXPECT_FALSE(keyboard.echoes());
    keyboard.type("123456\n");
    EXPECT_NE(keyboard.screen_until("]").find("[123456]"), std::string::npos);
}

TEST(Terminal, gives_up_where_no_answer_comes) {
    {
        Keyboard keyboard(ask);
        keyboard.screen_until("PIN: ");
        keyboard.type("\x04");  // ^D
        EXPECT_NE(keyboard.screen_until("answer").find("the input has ended without an answer"),
                  std::string::npos);
    }
    {
        Keyboard keyboard(ask);
        keyboard.screen_until("PIN: ");
        keyboard.type(std::string(1500, 'x') + "\n");
        EXPECT_NE(keyboard.screen_until("bytes").find("longer than 1023 bytes"), std::string::npos);
    }
    Keyboard keyboard([] {
        std::signal(SIGTERM, [](int) {});
        return ask();
    });
    keyboard.screen_until("PIN: ");
    ::kill(keyboard.pid(), SIGTERM);
    EXPECT_NE(keyboard.screen_until("interrupted").find("the terminal: interrupted"), std::string::npos);
}

TEST(Terminal, may_be_missing) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::setsid();  // a session without a terminal
        const std::string text = ask();
        ::_exit(::write(pipe[1], text.data(), text.size()) < 0 ? 1 : 0);
    }
    ::close(pipe[1]);
    char text[200] = {};
    EXPECT_GT(::read(pipe[0], text, sizeof text - 1), 0);
    EXPECT_STREQ(text, "PIN: no terminal to ask at; name a file, a variable or a credential instead");
    ::close(pipe[0]);
    ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace sallyport::pki
