#include "everform/core/server/http_reply.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace everform::server {
namespace {

namespace asio = boost::asio;
using Executor = asio::ip::tcp::socket::executor_type;

class Reply : public HttpReply {
 public:
  Reply(std::shared_ptr<ReplyQueue> queue, Executor executor, HttpResponse otherwise)
      : queue_(std::move(queue)), executor_(std::move(executor)), otherwise_(std::move(otherwise)) {}
  ~Reply() override {
    post([queue = queue_, otherwise = std::move(otherwise_)]() mutable {
      queue->abandon(std::move(otherwise));
    });
  }

  void send(HttpResponse response) override {
    post([queue = queue_, response = std::move(response)]() mutable {
      queue->put_head(std::move(response), false);
    });
  }
  void begin_stream(HttpResponse head) override {
    post([queue = queue_, head = std::move(head)]() mutable { queue->put_head(std::move(head), true); });
  }
  void write(std::string piece) override {
    post([queue = queue_, piece = std::move(piece)]() mutable { queue->put_piece(std::move(piece)); });
  }
  void end_stream() override {
    post([queue = queue_] { queue->put_end(); });
  }
  void on_gone(std::function<void()> gone) override {
    post([queue = queue_, gone = std::move(gone)]() mutable { queue->set_gone_callback(std::move(gone)); });
  }

 private:
  template <typename Task>
  void post(Task&& task) {
    asio::post(executor_, std::forward<Task>(task));
  }

  std::shared_ptr<ReplyQueue> queue_;
  Executor executor_;
  HttpResponse otherwise_;
};

}  // namespace

ReplyQueue::ReplyQueue(Executor executor, std::size_t limit)
    : signal_(std::move(executor), asio::steady_timer::time_point::max()), limit_(limit) {}

asio::awaitable<void> ReplyQueue::wait() {
  boost::system::error_code code;
  co_await signal_.async_wait(asio::redirect_error(asio::use_awaitable, code));
}

void ReplyQueue::wake() {
  signal_.cancel();
}

asio::awaitable<const HttpResponse*> ReplyQueue::head() {
  const auto self = shared_from_this();
  while (!head_ && !gone_) {
    co_await wait();
  }
  co_return gone_ ? nullptr : &*head_;
}

asio::awaitable<std::string> ReplyQueue::pieces() {
  const auto self = shared_from_this();
  while (pieces_.empty() && !ended_ && !gone_) {
    co_await wait();
  }
  std::string all;
  if (!gone_) {
    all.reserve(queued_);
    for (const std::string& piece : pieces_) {
      all += piece;
    }
  }
  pieces_.clear();
  queued_ = 0;
  co_return all;
}

void ReplyQueue::put_head(HttpResponse head, bool stream) {
  if (head_ || gone_) {
    return;
  }
  head_ = std::move(head);
  stream_ = stream;
  ended_ = !stream;
  wake();
}

void ReplyQueue::put_piece(std::string piece) {
  if (!stream_ || ended_ || gone_ || piece.empty()) {
    return;
  }
  queued_ += piece.size();
  pieces_.push_back(std::move(piece));
  if (queued_ > limit_) {
    lose_client();
    return;
  }
  wake();
}

void ReplyQueue::put_end() {
  if (stream_ && !ended_) {
    ended_ = true;
    wake();
  }
}

void ReplyQueue::abandon(HttpResponse otherwise) {
  gone_callback_ = nullptr;
  if (!head_) {
    put_head(std::move(otherwise), false);
  } else if (!ended_) {
    broken_ = true;
    put_end();
  }
}

void ReplyQueue::set_gone_callback(std::function<void()> gone) {
  if (gone_) {
    gone();
  } else if (!ended_) {
    gone_callback_ = std::move(gone);
  }
}

void ReplyQueue::lose_client() {
  if (gone_) {
    return;
  }
  gone_ = true;
  wake();
  if (const auto callback = std::exchange(gone_callback_, nullptr); callback && !ended_) {
    callback();
  }
}

std::shared_ptr<HttpReply> make_reply(std::shared_ptr<ReplyQueue> queue, Executor executor,
                                      HttpResponse otherwise) {
  return std::make_shared<Reply>(std::move(queue), std::move(executor), std::move(otherwise));
}

}  // namespace everform::server
