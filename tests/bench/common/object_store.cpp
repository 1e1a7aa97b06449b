// A store that costs next to nothing: answers a GET with as many bytes as the target's last digits say (1 KiB
// without digits) and a PUT with 200 once it has dropped the body, over connections that are kept. Prints its
// port and ends when its input does.

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t block_bytes = 64 * 1024;
constexpr std::uint64_t usual_object_bytes = 1024;
const std::string block(block_bytes, 'x');

void check(bool done, const char* doing) {
    if (!done) throw std::runtime_error(std::string(doing) + " failed");
}

/// One request after the other on one connection.
class Connection {
  public:
    explicit Connection(int descriptor) : descriptor_(descriptor) {}

    /// Goes on until the socket has no more to give or take; false when the connection is over.
    bool go_on() {
        for (;;) {
            const Step step = send_rest();
            if (step != Step::done) return step == Step::blocked;
            if (to_drop_ > 0) {
                const Step dropped = drop_body();
                if (dropped != Step::done) return dropped == Step::blocked;
                continue;
            }
            const std::size_t end = heads_.find("\r\n\r\n");
            if (end != heads_.npos) {
                answer(std::string_view(heads_).substr(0, end + 4));
                const std::size_t in_hand = std::min<std::uint64_t>(to_drop_, heads_.size() - end - 4);
                to_drop_ -= in_hand;
                heads_.erase(0, end + 4 + in_hand);
                continue;
            }
            const Step read = read_heads();
            if (read != Step::done) return read == Step::blocked;
        }
    }

  private:
    enum class Step { done, blocked, over };

    static Step step_of(ssize_t count) {
        if (count > 0) return Step::done;
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? Step::blocked : Step::over;
    }

    void answer(std::string_view head) {
        if (head.starts_with("PUT ")) {
            to_drop_ = length_in(head);
            head_ = "HTTP/1.1 200 OK\r\nETag: \"0\"\r\nContent-Length: 0\r\n\r\n";
            return;
        }
        to_send_ = size_in(head.substr(0, head.find(" HTTP/")));
        head_ =
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nETag: \"0\"\r\nContent-Length: " +
            std::to_string(to_send_) + "\r\n\r\n";
    }

    static std::uint64_t size_in(std::string_view request_line) {
        std::size_t begin = request_line.size();
        while (begin > 0 && std::isdigit(static_cast<unsigned char>(request_line[begin - 1])) != 0)
            --begin;
        if (begin == request_line.size()) return usual_object_bytes;
        return std::stoull(std::string(request_line.substr(begin)));
    }

    static std::uint64_t length_in(std::string_view head) {
        std::string fields(head);
        std::ranges::transform(fields, fields.begin(), [](unsigned char c) { return std::tolower(c); });
        constexpr std::string_view name = "\r\ncontent-length: ";
        const std::size_t field = fields.find(name);
        return field == fields.npos ? 0 : std::stoull(fields.substr(field + name.size()));
    }

    /// A small object leaves with its head.
    Step send_rest() {
        if (to_drop_ > 0) return Step::done;  // the answer comes behind the body
        while (!head_.empty() || to_send_ > 0) {
            std::array<iovec, 2> parts{
                {{head_.data(), head_.size()},
                 {const_cast<char*>(block.data()), std::min<std::uint64_t>(to_send_, block.size())}}};
            msghdr message{};
            message.msg_iov = parts.data();
            message.msg_iovlen = parts.size();
            const ssize_t count = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count <= 0) return step_of(count);
            const std::size_t of_head = std::min(head_.size(), static_cast<std::size_t>(count));
            head_.erase(0, of_head);
            to_send_ -= static_cast<std::size_t>(count) - of_head;
        }
        return Step::done;
    }

    /// The kernel throws it away without a copy.
    Step drop_body() {
        const std::size_t most = std::min<std::uint64_t>(to_drop_, 1U << 20U);
        const ssize_t count = ::recv(descriptor_, nullptr, most, MSG_TRUNC | MSG_DONTWAIT);
        if (count > 0) to_drop_ -= static_cast<std::uint64_t>(count);
        return step_of(count);
    }

    Step read_heads() {
        std::array<char, 8192> read{};
        const ssize_t count = ::recv(descriptor_, read.data(), read.size(), MSG_DONTWAIT);
        if (count > 0) heads_.append(read.data(), static_cast<std::size_t>(count));
        return step_of(count);
    }

    int descriptor_;
    std::string heads_;
    std::string head_;
    std::uint64_t to_send_ = 0;
    std::uint64_t to_drop_ = 0;
};

int listen_somewhere() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    check(listener >= 0 && ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
              ::listen(listener, 512) == 0 &&
              ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0,
          "listening");
    std::cout << ntohs(address.sin_port) << std::endl;
    return listener;
}

class Store {
  public:
    void run() {
        watch(STDIN_FILENO, EPOLLIN);
        watch(listener_, EPOLLIN);
        std::array<epoll_event, 64> events{};
        for (;;) {
            const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
            for (int i = 0; i < count; ++i) {
                const int descriptor = events.at(static_cast<std::size_t>(i)).data.fd;
                if (descriptor == STDIN_FILENO) return;
                if (descriptor == listener_) {
                    accept();
                } else if (!connections_.at(descriptor).go_on()) {
                    connections_.erase(descriptor);
                    ::close(descriptor);
                }
            }
        }
    }

  private:
    void watch(int descriptor, std::uint32_t what) const {
        epoll_event event{};
        event.events = what;
        event.data.fd = descriptor;
        check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0, "watching a socket");
    }

    void accept() {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) return;
        const int on = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections_.insert_or_assign(descriptor, Connection(descriptor));
        watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLET);
    }

    int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    int listener_ = listen_somewhere();
    std::map<int, Connection> connections_;
};

}  // namespace

int main() {
    try {
        Store().run();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_object_store: " << error.what() << '\n';
        return 3;
    }
}
