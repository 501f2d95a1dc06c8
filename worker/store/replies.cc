// See replies.h.
#include "worker/store/replies.h"

#include <hiredis/read.h>

#include <new>
#include <utility>

namespace worker::store {

struct Replies::Building {
  // An answer of a kind without a callback, which only RESP3 has, is taken for an error.
  Reply reply{.kind = Reply::Kind::error, .text = {}, .list = {}};
  std::size_t elements = 0;  // of all lists of the answer

  static Building& of(const redisReadTask* task) { return *static_cast<Building*>(task->privdata); }

  // The reader only wants to know that there is an object.
  void* made() { return this; }

  void begin(Reply::Kind kind) {
    reply = {};
    reply.kind = kind;
    elements = 0;
  }

  static Reply::Kind kind_of(int type) {
    if (type == REDIS_REPLY_ERROR) return Reply::Kind::error;
    return type == REDIS_REPLY_STATUS ? Reply::Kind::status : Reply::Kind::text;
  }

  static bool is_inner(const redisReadTask* task) {
    return task->parent != nullptr && task->parent->parent != nullptr;
  }

  static void* text(const redisReadTask* task, char* bytes, std::size_t size) {
    Building& self = of(task);
    if (task->parent == nullptr) {
      self.begin(kind_of(task->type));
      self.reply.text.assign(bytes, size);
    } else if (!is_inner(task)) {
      self.reply.list.emplace_back(std::string(bytes, size));
    }
    return self.made();
  }

  // hiredis counts elements in an int before version 1.0, and in a size_t since.
  template <class Count>
  static void* list(const redisReadTask* task, Count count) {
    Building& self = of(task);
    if (task->parent == nullptr) self.begin(Reply::Kind::list);
    if (task->parent != nullptr && !is_inner(task)) self.reply.list.emplace_back();
    if (count < 0 || static_cast<std::size_t>(count) > kMostListed - self.elements) return nullptr;
    self.elements += static_cast<std::size_t>(count);
    return self.made();
  }

  static void* number(const redisReadTask* task, long long value) {
    Building& self = of(task);
    if (task->parent == nullptr) {
      self.begin(Reply::Kind::number);
      self.reply.number = value;
    } else if (!is_inner(task)) {
      self.reply.list.emplace_back();
    }
    return self.made();
  }

  static void* nothing(const redisReadTask* task) {
    Building& self = of(task);
    if (task->parent == nullptr) {
      self.begin(Reply::Kind::nothing);
    } else if (!is_inner(task)) {
      self.reply.list.emplace_back();
    }
    return self.made();
  }

  static redisReplyObjectFunctions* callbacks() {
    static redisReplyObjectFunctions all = [] {
      redisReplyObjectFunctions made{};
      made.createString = text;
      made.createArray = list;
      made.createInteger = number;
      made.createNil = nothing;
      made.freeObject = [](void*) {};
      return made;
    }();
    return &all;
  }
};

void Replies::Delete::operator()(redisReader* reader) const { redisReaderFree(reader); }

Replies::Replies()
    : building_(std::make_unique<Building>()),
      reader_(redisReaderCreateWithFunctions(Building::callbacks())) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = building_.get();
}

Replies::~Replies() = default;

void Replies::feed(std::string_view bytes) {
  if (failed_) return;
  failed_ = redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK;
}

std::optional<Reply> Replies::next() {
  if (failed_) return std::nullopt;
  void* made = nullptr;
  failed_ = redisReaderGetReply(reader_.get(), &made) != REDIS_OK;
  if (failed_) return std::nullopt;
  if (made != nullptr) {
    Reply reply = std::move(building_->reply);
    building_->begin(Reply::Kind::error);
    return reply;
  }
  // An answer that is not whole yet.
  failed_ = reader_->len - reader_->pos > kMostReply;
  return std::nullopt;
}

}  // namespace worker::store
