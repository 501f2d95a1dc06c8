// The tables of schema.h as a JSON Schema, for editors that complete and check a configuration.
//
// `pound --schema` prints it, and the package has it. It is of draft-07, which the language server
// of YAML knows best. An editor sees a value where the file has an alias, so the schema has a
// backend where a service names one. A variable may stand for any value. What the schema cannot
// say, only the loader judges: t/e2e/config/test_schema.py lists the kinds.
#pragma once

#include <string>

namespace conf {

// Indented, and ends with a newline. The same text each time.
std::string json_schema();

}  // namespace conf
