// See section_map.h. Both files are of memfd_create(2): no other process can name them, and they
// end with the last process of Pound. The kernel gives zero bytes, page by page as they are
// touched.
#include "shm/section_map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/interprocess/detail/os_file_functions.hpp>
#include <boost/interprocess/exceptions.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "shm/layout.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace shm {
namespace {

namespace bip = boost::interprocess;

// Between two rows of the file: 32 PiB. An address space of 48 bits has no room to grow so far.
constexpr int kRowStrideBits = 55;
static_assert((std::uint64_t{kMaxRows + 1} << kRowStrideBits) < (std::uint64_t{1} << 63));

off_t row_offset(Row row) { return static_cast<off_t>(row) << kRowStrideBits; }

class MemoryFile {
 public:
  MemoryFile(const char* name, off_t size) : fd_(make(name)) {
    if (fd_ >= 0 && ::ftruncate(fd_, size) == 0) return;
    const int reason = errno;
    close();
    throw bip::interprocess_exception(bip::error_info(reason));
  }
  ~MemoryFile() { close(); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  bip::mapping_handle_t get_mapping_handle() const {
    return bip::ipcdetail::mapping_handle_from_file_handle(fd_);
  }
  // Mappings that exist stay writable.
  bool seal() const {
    return ::fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0 &&
           ::fcntl(fd_, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  static int make(const char* name) {
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    const int fd = ::memfd_create(name, flags | MFD_NOEXEC_SEAL);
    return fd >= 0 || errno != EINVAL ? fd : ::memfd_create(name, flags);  // before Linux 6.3
  }
  int fd_;
};

// Addresses that nothing else gets: the sections are mapped over them.
class Reserved {
 public:
  explicit Reserved(std::size_t size)
      : size_(size + kSectionAlign),
        memory_(
            ::mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (memory_ == MAP_FAILED) throw bip::interprocess_exception(bip::error_info(errno));
  }
  ~Reserved() { ::munmap(memory_, size_); }
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;

  char* begin() const {
    void* aligned = memory_;
    std::size_t room = size_;
    return static_cast<char*>(std::align(kSectionAlign, 1, aligned, room));
  }

 private:
  std::size_t size_;
  void* memory_;
};

std::runtime_error failure(const bip::interprocess_exception& error, const std::string& what) {
  const int reason = error.get_native_error();
  return std::runtime_error(what + ": " + (reason != 0 ? std::strerror(reason) : error.what()));
}

}  // namespace

std::size_t SectionMap::Sizes::total() const { return master + kMaxRows * row + common + helper; }

class SectionMap::Parts {
 public:
  explicit Parts(Sizes sizes)
      : sizes_(sizes),
        reserved_(sizes.total()),
        fixed_("pound", static_cast<off_t>(sizes.master + sizes.common)),
        rows_("pound-rows", row_offset(kMaxRows) + static_cast<off_t>(sizes.helper)) {
    map_master(bip::read_write);
    for (Row row = 0; row < kMaxRows; ++row) map_row(row, bip::read_write);
    map_common(bip::read_write);
    map_helper(bip::read_write);
    is_sealed_ = fixed_.seal() && rows_.seal();
  }

  char* master() const { return reserved_.begin(); }
  char* row(Row row) const { return master() + sizes_.master + row * sizes_.row; }
  char* common() const { return row(kMaxRows); }
  char* helper() const { return common() + sizes_.common; }
  bool is_sealed() const { return is_sealed_; }

  void confine(Row own) {
    map_master(bip::read_only);
    for (Row row = 0; row < kMaxRows; ++row) {
      if (row != own) map_row(row, bip::read_only);
    }
    if (own >= kMaxRows) map_common(bip::read_only);
    if (own != kHelperRow) map_helper(bip::read_only);
    fixed_.close();
    rows_.close();
  }

 private:
  void map_master(bip::mode_t mode) { map(fixed_, mode, 0, sizes_.master, master()); }
  void map_row(Row which, bip::mode_t mode) {
    map(rows_, mode, row_offset(which), sizes_.row, row(which));
  }
  void map_common(bip::mode_t mode) {
    map(fixed_, mode, static_cast<off_t>(sizes_.master), sizes_.common, common());
  }
  void map_helper(bip::mode_t mode) {
    map(rows_, mode, row_offset(kMaxRows), sizes_.helper, helper());
  }
  // Takes the place of what was mapped there. That region is not unmapped before this object ends.
  void map(const MemoryFile& file, bip::mode_t mode, off_t offset, std::size_t size, char* where) {
    regions_.emplace_back(file, mode, offset, size, where, MAP_FIXED);
  }

  Sizes sizes_;
  Reserved reserved_;
  MemoryFile fixed_;  // the master's section, then the common one
  MemoryFile rows_;
  std::vector<bip::mapped_region> regions_;
  bool is_sealed_ = false;
};

SectionMap::SectionMap(Sizes sizes) try : parts_(std::make_unique<Parts>(sizes)) {
} catch (const bip::interprocess_exception& error) {
  throw failure(error,
                "cannot map the shared segment of " + std::to_string(sizes.total()) + " bytes");
}

SectionMap::~SectionMap() = default;

void* SectionMap::master() const { return parts_->master(); }

void* SectionMap::row(Row row) const { return parts_->row(row); }

void* SectionMap::common() const { return parts_->common(); }

void* SectionMap::helper() const { return parts_->helper(); }

bool SectionMap::is_sealed() const { return parts_->is_sealed(); }

void SectionMap::confine(Row own) {
  try {
    parts_->confine(own);
  } catch (const bip::interprocess_exception& error) {
    throw failure(error, "cannot make shared memory read-only");
  }
}

}  // namespace shm
