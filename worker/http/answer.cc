// The built-in page: see answer.h. It refers to nothing else that a browser would have to fetch.
#include "worker/http/answer.h"

namespace worker::http {

std::string answer_page(std::string_view title, std::string_view html) {
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>";
  page.append(title).append("</title></head>\n<body><h1>").append(title).append("</h1>");
  return page.append(html).append("</body>\n</html>\n");
}

}  // namespace worker::http
