-- Build step: the pages of packaged scripts, docs/scripts/NAME.md, as the module shark.manual.pages.
-- usage: luajit docs/pages.lua OUT.lua PAGE.md...

-- A page begins with "# shark NAME" and "> QUESTION", one of these: the order in which `shark help` lists scripts.
local QUESTIONS = {
  "What can be traced here?",
  "Where does the time in interrupts go?",
  "Which CPU interrupts which?",
  "Where does an interrupt go, and why there?",
  "Is the disk slow, and where?",
  "What do tasks wait for?",
  "What do programs do?",
  "What happens at a place in the kernel?",
  "How do scripts work?",
}

local function fail(path, ...)
  io.stderr:write(path, ": ", (...):format(select(2, ...)), "\n")
  os.exit(1)
end

local function text_of(path)
  local file = io.open(path)
  return file and file:read "*a", file and file:close()
end

-- The script's first line says what it shows, as --list does; its parser, that it has options.
local function script_of(path, name)
  local source = text_of(("samples/%s.lua"):format(name)) or fail(path, "there is no samples/%s.lua", name)
  return source:match "^%-%- [%w-]+: ([^\n]+)\n", source:find("cli.parser", 1, true) ~= nil
end

local function read(path)
  local name = path:match "([^/]+)%.md$"
  local title, question, body = text_of(path):match "^# shark ([^\n]+)\n\n> ([^\n]+)\n\n(.*)$"
  if title ~= name then
    fail(path, "begins with '# shark %s' and '> QUESTION'", name)
  end
  local summary, has_options = script_of(path, name)
  return { name = name, question = question, summary = summary, text = body, has_options = has_options, path = path }
end

local pages = {}
for i = 2, #arg do
  local page = read(arg[i])
  pages[page.question] = pages[page.question] or {}
  table.insert(pages[page.question], page)
end

local out = assert(io.open(arg[1], "w"))
out:write "return {\n"
for _, question in ipairs(QUESTIONS) do
  table.sort(pages[question] or {}, function(a, b) return a.name < b.name end)
  out:write(("  { question = %q, scripts = {\n"):format(question))
  for _, page in ipairs(pages[question] or {}) do
    out:write(("    { name = %q, question = %q, summary = %q, has_options = %s, text = %q },\n")
      :format(page.name, question, page.summary, tostring(page.has_options), page.text))
  end
  out:write "  } },\n"
  pages[question] = nil
end
out:write "}\n"
assert(out:close())
local question, list = next(pages)
if question then
  fail(list[1].path, "no question is '%s'; there are:\n  %s", question, table.concat(QUESTIONS, "\n  "))
end
