--- The pages of packaged scripts: what a script shows, its columns, how it counts, what it cannot see.

local foreign = require "shark.text.foreign"
local markdown = require "shark.text.markdown"
local nearest = require "shark.text.nearest"
local uv = require "uv"
local wrap = require "shark.text.wrap"

local M = {}

-- Made by the build (docs/pages.lua); loaded when it is asked for.
local function written()
  return require "shark.manual.pages"
end

--- The questions that packaged scripts answer, and the pages of those that do.
--- @return table[] { { question, scripts = { { name, summary, question, text, has_options }, ... } }, ... };
---   text is Markdown
function M.questions()
  return written()
end

--- Names of all packaged scripts, in the order of the questions that they answer.
--- @return string[]
function M.names()
  local names = {}
  for _, group in ipairs(written()) do
    for _, script in ipairs(group.scripts) do
      names[#names + 1] = script.name
    end
  end
  return names
end

--- The page of a packaged script.
--- @param name string @return table? as in questions(); nil if there is none @return string? message with the nearest
function M.page(name)
  for _, group in ipairs(written()) do
    for _, script in ipairs(group.scripts) do
      if script.name == name then
        return script
      end
    end
  end
  return nil, ("there is no packaged script '%s'; nearest: %s"):format(name,
    table.concat(nearest.names(name, M.names(), 3), ", "))
end

--- The columns of a packaged script's tables, by their titles.
--- @param name string @return string[]
function M.columns(name)
  local page, list = M.page(name), {}
  for title in (page and page.text or ""):gmatch "\n| `([%u%%][^`%l]*)` |" do
    list[#list + 1] = title
  end
  return list
end

-- ---- options ----

-- In the text of --help, what an argument or option is for stands from this column on.
local TEXT_AT = 26

local function help_of(name)
  local pipe = assert(io.popen(("'%s' '%s' --help 2>&1"):format(uv.exepath():gsub("'", "'\\''"), name)))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

-- The names of an option stand below each other, all but the last with a comma; a long one has its line for itself.
local function add_line_of_help(entries, line)
  local is_long = line:sub(TEXT_AT - 1, TEXT_AT - 1):find "%S" ~= nil
  local label = (is_long and line or line:sub(1, TEXT_AT - 1)):match "^%s*(.-)%s*$"
  local text, last = is_long and "" or line:sub(TEXT_AT), entries[#entries]
  if label ~= "" and not (last and last.label:find ",$") then
    last = { label = label, text = "" }
    entries[#entries + 1] = last
  elseif label ~= "" then
    last.label = last.label .. " " .. label
  end
  last.text = (last.text .. " " .. text):match "^%s*(.-)%s*$"
end

--- What a packaged script takes, as it says itself.
--- @param name string @return table { usage = lines, { title = "Options", entries = { { label, text }, ... } }, ... }
function M.options(name)
  local taken = { usage = {} }
  local into
  for line in help_of(name):gmatch "([^\n]*)\n" do
    local title = line:match "^(%u%l+):$"
    if line:find "^Usage: " or into == taken.usage and line ~= "" then
      into = taken.usage
      into[#into + 1] = line
    elseif title then
      into = {}
      taken[#taken + 1] = { title = title, entries = into }
    elseif line == "" then
      into = nil
    elseif into then
      add_line_of_help(into, line)
    end
  end
  return taken
end

-- ---- as lines ----

local function without_marks(text)
  local parts = {}
  for i, span in ipairs(markdown.spans(text)) do
    parts[i] = span.text
  end
  return table.concat(parts)
end

-- Text behind a label, in a column of its own; a longer label has a line for itself.
local function add_entry(lines, label, text, width, column)
  local body = wrap.lines(text, width - column)
  if foreign.width(label) + 1 > column then
    local indent = label:match "^ *"
    for _, line in ipairs(wrap.lines(label, width - #indent)) do
      lines[#lines + 1] = indent .. line
    end
    label = ""
  end
  for i, line in ipairs(body) do
    local first = i == 1 and label or ""
    lines[#lines + 1] = first .. (" "):rep(column - foreign.width(first)) .. line
  end
end

local TABLE_COLUMN, OPTION_COLUMN = 18, 26

local add = {}

function add.heading(lines, block)
  lines[#lines + 1] = block.text:upper()
end

function add.paragraph(lines, block, width)
  for _, line in ipairs(wrap.lines(without_marks(block.text), width)) do
    lines[#lines + 1] = line
  end
end

function add.item(lines, block, width)
  add_entry(lines, "*", without_marks(block.text), width, 2)
end

function add.table(lines, block, width)
  for i = 2, #block.rows do
    local label, text = markdown.entry(block.rows[i])
    add_entry(lines, "  " .. without_marks(label), without_marks(text), width, TABLE_COLUMN)
  end
end

function add.code(lines, block)
  for _, line in ipairs(block.lines) do
    lines[#lines + 1] = line
  end
end

-- Items of one list stand together, and what a heading is for below it.
local function stands_apart(before, block)
  return before and before.kind ~= "heading" and not (before.kind == "item" and block.kind == "item")
end

-- Before the first heading what the script is, then what it takes, then all else.
local function add_options(lines, name, width)
  local taken = M.options(name)
  lines[#lines + 1] = ""
  for _, line in ipairs(taken.usage) do
    lines[#lines + 1] = line
  end
  for _, section in ipairs(taken) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = section.title:upper()
    for _, entry in ipairs(section.entries) do
      add_entry(lines, "  " .. entry.label, entry.text, width, OPTION_COLUMN)
    end
  end
end

local function add_page(lines, page, width)
  local before
  for _, block in ipairs(markdown.parse(page.text)) do
    if page.has_options and block.kind == "heading" and block ~= before then
      add_options(lines, page.name, width)
      page = { text = page.text }
    end
    if stands_apart(before, block) then
      lines[#lines + 1] = ""
    end
    add[block.kind](lines, block, width)
    before = block
  end
end

--- A page as lines for a terminal, with what the script takes.
--- @param page table as page() has it @param width integer columns
--- @return string[]
function M.lines(page, width)
  local lines = {}
  add_entry(lines, page.name .. ":", page.summary, width, #page.name + 2)
  lines[#lines + 1] = ""
  add_page(lines, page, width)
  return lines
end

--- What scripts there are, by the question that they answer, as lines.
--- @param width integer columns
--- @return string[]
function M.list(width)
  local lines = {}
  for _, group in ipairs(written()) do
    lines[#lines + 1] = #lines > 0 and "" or nil
    lines[#lines + 1] = group.question
    for _, script in ipairs(group.scripts) do
      add_entry(lines, "  " .. script.name, script.summary, width, TABLE_COLUMN)
    end
  end
  return lines
end

return M
