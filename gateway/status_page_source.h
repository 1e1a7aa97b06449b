#pragma once

#include <string_view>

namespace sallyport::gateway {

// The files of `status_page/`, which CMake puts into the program. In the document, /*style*/ and /*script*/
// stand for the other two.
extern const std::string_view status_page_html;
extern const std::string_view status_page_style;
extern const std::string_view status_page_script;

}  // namespace sallyport::gateway
