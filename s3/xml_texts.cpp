#include "s3/xml_texts.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#include <expat.h>

namespace sallyport::s3 {
namespace {

constexpr std::size_t max_levels = 16;
constexpr std::size_t max_text_bytes = 16 * 1024;
/// Of a piece of markup that does not end: expat keeps it until it does.
constexpr std::size_t max_open_bytes = 64 * 1024;

struct FreeParser {
    void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, FreeParser>;

}  // namespace

struct XmlTexts::State {
    TextChanges changes;
    Parser parser;
    std::string* out = nullptr;
    std::string path;
    std::size_t level = 0;
    const TextChange* change = nullptr;  ///< of the element at hand
    std::string text;                    ///< of it, so far
    std::optional<Error> fault;
    std::size_t open_bytes = 0;  ///< that were given since anything came of it
    bool has_begun = false;
    bool passing = false;  ///< what the default handler is given goes out

    explicit State(TextChanges made) : changes(std::move(made)), parser(XML_ParserCreate("UTF-8")) {
        if (!parser) throw std::bad_alloc();
        XML_SetUserData(parser.get(), this);
        XML_SetElementHandler(parser.get(), on_start, on_end);
        XML_SetCharacterDataHandler(parser.get(), on_text);
        XML_SetCdataSectionHandler(parser.get(), on_cdata, on_cdata);
        XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
        XML_SetDefaultHandler(parser.get(), on_other);
    }

    void stop(std::string what, Fault kind = Fault::malformed) {
        if (fault) return;
        fault = Error{kind, "XML: " + std::move(what)};
        XML_StopParser(parser.get(), XML_FALSE);
    }

    /// The bytes of the event at hand, as they came.
    void pass() {
        passing = true;
        XML_DefaultCurrent(parser.get());
        passing = false;
    }

    void start(std::string_view name) {
        if (change != nullptr) return stop("an element within <" + path + ">");
        if (++level > max_levels) return stop("more than 16 levels");
        if (!path.empty()) path += '/';
        path += name;
        const auto asked = changes(path);
        if (!asked) return stop("<" + path + ">: " + asked.error().message);
        change = *asked;
        pass();
    }

    void end() {
        if (change != nullptr && !text.empty()) {
            const auto changed = (*change)(text);
            if (!changed) return stop("in <" + path + ">: " + changed.error().message, changed.error().fault);
            *out += xml_escaped(*changed);
        }
        change = nullptr;
        text.clear();
        pass();
        --level;
        const auto slash = path.rfind('/');
        path.resize(slash == path.npos ? 0 : slash);
    }

    void add_text(std::string_view more) {
        if (change == nullptr) return pass();
        if (text.size() + more.size() > max_text_bytes) return stop("a text of more than 16 KiB");
        text += more;
    }

    void other(std::string_view raw) {
        if (change != nullptr && !passing) return stop("a comment or an instruction within <" + path + ">");
        *out += raw;
    }

    static State& of(void* data) {
        State& state = *static_cast<State*>(data);
        state.open_bytes = 0;
        return state;
    }
    static void on_start(void* data, const XML_Char* name, const XML_Char**) { of(data).start(name); }
    static void on_end(void* data, const XML_Char*) { of(data).end(); }
    static void on_text(void* data, const XML_Char* text, int length) {
        of(data).add_text({text, static_cast<std::size_t>(length)});
    }
    static void on_cdata(void* data) {
        if (State& state = of(data); state.change == nullptr) state.pass();
    }
    static void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        of(data).stop("a document type");
    }
    static void on_other(void* data, const XML_Char* raw, int length) {
        of(data).other({raw, static_cast<std::size_t>(length)});
    }
};

XmlTexts::XmlTexts(TextChanges changes) : state_(std::make_unique<State>(std::move(changes))) {}

XmlTexts::~XmlTexts() = default;

std::optional<Error> XmlTexts::update(std::string_view data, std::string& out) {
    if (!state_->has_begun) {
        // Stores that work for long send blanks so that nobody gives up, before a declaration, too.
        const auto blanks = std::min(data.find_first_not_of(" \t\r\n"), data.size());
        out += data.substr(0, blanks);
        data.remove_prefix(blanks);
        state_->has_begun = !data.empty();
        // Nor the mark of another encoding.
        if (state_->has_begun && !data.starts_with('<'))
            state_->fault = Error{Fault::malformed, "XML: it does not begin with '<'"};
    }
    // In pieces, so that the bound of what expat keeps is felt in time.
    while (!data.empty()) {
        const std::string_view piece = data.substr(0, max_open_bytes / 4);
        data.remove_prefix(piece.size());
        if (auto fault = parse(piece, false, out)) return fault;
    }
    return std::nullopt;
}

std::optional<Error> XmlTexts::finish(std::string& out) {
    return parse({}, true, out);
}

std::optional<Error> XmlTexts::parse(std::string_view data, bool is_last, std::string& out) {
    State& state = *state_;
    if (state.fault) return state.fault;
    state.out = &out;
    state.open_bytes += data.size();
    const auto status =
        XML_Parse(state.parser.get(), data.data(), static_cast<int>(data.size()), is_last ? 1 : 0);
    if (state.fault) return state.fault;
    if (status != XML_STATUS_OK)
        state.fault = Error{Fault::malformed,
                            std::string("XML: ") + XML_ErrorString(XML_GetErrorCode(state.parser.get()))};
    else if (state.open_bytes > max_open_bytes)
        state.fault = Error{Fault::too_large, "XML: markup of more than 64 KiB"};
    return state.fault;
}

std::string xml_escaped(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\t':
            case '\n':
            case '\r':  // else a reader would make another character of it (XML 1.0, 2.11)
                escaped += "&#" + std::to_string(static_cast<int>(c)) + ';';
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

}  // namespace sallyport::s3
