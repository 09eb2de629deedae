-- Build step: man pages, of shark from docs/shark.1, of each packaged script from its page and its --help.
-- usage: shark docs/man.lua DIRECTORY
local manual = require "shark.manual"
local markdown = require "shark.text.markdown"

local directory = arg[1]

-- Date, version and manual are those of shark(1).
local function page_of_shark()
  local file = assert(io.open "docs/shark.1")
  local text = file:read "*a"
  file:close()
  return text, text:match "^%.TH SHARK 1 ([^\n]+)\n"
end

-- ---- roff ----

local function plain(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("'", "\\(aq"):gsub("`", "\\(ga"):gsub("%^", "\\(ha")
    :gsub("~", "\\(ti"))
end

-- A line of text that begins with a dot would be a request.
local function line_of(text)
  return text:find "^%." and "\\&" .. text or text
end

local function bold(text)
  return "\\fB" .. plain(text) .. "\\fP"
end

local span_of = {
  plain = function(span) return plain(span.text) end,
  code = function(span) return bold(span.text) end,
  -- To another script's page, or to a document that is not a man page.
  link = function(span)
    local name = span.to:match "^([%w-]+)%.md$"
    return name and bold("shark-" .. name) .. "(1)" or plain(span.text)
  end,
}

local function text_of(text)
  local parts = {}
  for i, span in ipairs(markdown.spans(text)) do
    parts[i] = span_of[span.kind](span)
  end
  return line_of(table.concat(parts))
end

local function add(lines, ...)
  for i = 1, select("#", ...) do
    lines[#lines + 1] = (select(i, ...))
  end
end

-- ---- blocks ----

-- Behind a heading a paragraph begins by itself.
local function paragraph(before)
  return before and before.kind ~= "heading" and ".PP" or nil
end

local write = {}

function write.heading(lines, block)
  add(lines, ".SH " .. plain(block.text:upper()))
end

function write.paragraph(lines, block, before)
  add(lines, paragraph(before), text_of(block.text))
end

function write.item(lines, block)
  add(lines, ".IP \\(bu 2", text_of(block.text))
end

function write.table(lines, block)
  for i = 2, #block.rows do
    local label, text = markdown.entry(block.rows[i])
    add(lines, ".TP", text_of(label), text_of(text))
  end
end

function write.code(lines, block, before)
  add(lines, paragraph(before), ".nf")
  for _, line in ipairs(block.lines) do
    add(lines, line_of(plain(line)))
  end
  add(lines, ".fi")
end

-- ---- what the script takes ----

local function add_synopsis(lines, page, usage)
  add(lines, ".SH SYNOPSIS")
  if not page.has_options then
    add(lines, bold("shark " .. page.name))
    return
  end
  local text = table.concat(usage, " "):gsub("^Usage: shark [%w-]+ ", ""):gsub("%s+", " ")
  add(lines, bold("shark " .. page.name), plain(text))
end

local function add_options(lines, taken)
  for _, section in ipairs(taken) do
    add(lines, ".SH " .. section.title:upper())
    for _, entry in ipairs(section.entries) do
      add(lines, ".TP", bold(entry.label), line_of(plain(entry.text)))
    end
  end
end

-- ---- pages ----

local function page_of(page, about)
  local taken = page.has_options and manual.options(page.name) or { usage = {} }
  local lines = { (".TH SHARK-%s 1 %s"):format(page.name:upper(), about) }
  add(lines, ".SH NAME", ("shark\\-%s \\- %s"):format(plain(page.name), plain(page.summary)))
  add_synopsis(lines, page, taken.usage)
  add(lines, ".SH DESCRIPTION")
  local before
  for _, block in ipairs(markdown.parse(page.text)) do
    if block.kind == "heading" and taken then
      add_options(lines, taken)
      taken = nil
    end
    write[block.kind](lines, block, before)
    before = block
  end
  add(lines, ".SH SEE ALSO", bold "shark" .. "(1)")
  return table.concat(lines, "\n") .. "\n"
end

local function write_file(name, text)
  local file = assert(io.open(("%s/%s"):format(directory, name), "w"))
  assert(file:write(text))
  assert(file:close())
end

local shark, about = page_of_shark()
for _, group in ipairs(manual.questions()) do
  for _, page in ipairs(group.scripts) do
    write_file(("shark-%s.1"):format(page.name), page_of(page, about))
  end
end
write_file("shark.1", shark)
