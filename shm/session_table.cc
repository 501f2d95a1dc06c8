// The session table of production: without fault points.
#include "shm/session_table.h"

#include "shm/session_table_inl.h"

namespace shm {

template class SessionTableBase<NoFaults>;

}  // namespace shm
