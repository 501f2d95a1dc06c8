// The session table as production uses it: without faults.
#include "shm/session_table.h"

#include "shm/session_table_inl.h"

namespace shm {

template class SessionTableBase<NoFaults>;

}  // namespace shm
