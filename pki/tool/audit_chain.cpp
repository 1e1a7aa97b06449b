#include "pki/tool/audit_chain.h"

#include "pki/digest.h"

namespace sallyport::pki {
namespace {

void append_field(std::string& out, std::string_view field) {
    out += std::to_string(field.size());
    out += ':';
    out += field;
}

}  // namespace

Result<std::string> chained_hash(std::string_view previous, const Event& event) {
    std::string sealed;
    append_field(sealed, previous);
    append_field(sealed, std::to_string(event.id));
    append_field(sealed, std::to_string(event.at.time_since_epoch().count()));
    for (const std::string* field :
         {&event.who, &event.action, &event.authority, &event.serial, &event.detail, &event.why}) {
        append_field(sealed, *field);
    }
    return sha256(sealed);
}

}  // namespace sallyport::pki
