// Who is next: clients in turn, each client's own in the order they came.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace everform::server {

/// A queue of T in which a client with many entries waits no less for each than one with few.
template <typename T>
class FairQueue {
 public:
  void push(const std::string& client, T entry) {
    auto& own = entries_[client];
    if (own.empty()) {
      turns_.push_back(client);
    }
    own.push_back(std::move(entry));
    ++size_;
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// The next entry; the queue is not empty.
  T& front() { return entries_.at(turns_.front()).front(); }

  /// Takes the next entry and passes the turn on.
  T pop() {
    const auto own = entries_.find(turns_.front());
    T entry = std::move(own->second.front());
    own->second.pop_front();
    --size_;
    if (own->second.empty()) {
      turns_.pop_front();
      entries_.erase(own);
    } else {
      turns_.splice(turns_.end(), turns_, turns_.begin());
    }
    return entry;
  }

  /// Takes every entry for which `wanted` holds. @param visit receives each
  template <typename Wanted, typename Visit>
  void take_if(const Wanted& wanted, const Visit& visit) {
    for (auto turn = turns_.begin(); turn != turns_.end();) {
      std::deque<T>& own = entries_.at(*turn);
      std::deque<T> kept;
      for (T& entry : own) {
        if (wanted(entry)) {
          --size_;
          visit(std::move(entry));
        } else {
          kept.push_back(std::move(entry));
        }
      }
      own = std::move(kept);
      if (own.empty()) {
        entries_.erase(*turn);
        turn = turns_.erase(turn);
      } else {
        ++turn;
      }
    }
  }

 private:
  std::map<std::string, std::deque<T>> entries_;  ///< no empty ones
  std::list<std::string> turns_;                  ///< the clients of entries_
  std::size_t size_ = 0;
};

}  // namespace everform::server
