-- The pages of packaged scripts: docs/scripts/NAME.md, `shark help NAME`, `man shark-NAME`, help "NAME" at the prompt.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local dkjson = require "dkjson"
local manual = require "shark.manual"
local markdown = require "shark.text.markdown"
local proc = require "proc"
local rowtable = require "shark.rowtable"
local t = require "t"
local uv = require "uv"

local tests = {}

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do
    set[name] = true
  end
  return set
end

-- ---- which pages there are ----

local scripts = {}
for name in proc.run_shark("--list").out:gmatch "(%S+)[^\n]*\n" do
  scripts[#scripts + 1] = name
end

function tests.test_every_script_has_a_page_and_every_page_a_script()
  t.assertTrue(#scripts > 30, #scripts)
  t.assertItemsEquals(manual.names(), scripts)
end

-- ---- columns ----

-- A script whose tables are made elsewhere.
local MADE_IN = { top = "lua/shark/top/views.lua" }

-- What the script's tables have as titles; those of probes that users choose are not known.
local function columns_of(name)
  local source, list = proc.read_file(MADE_IN[name] or ("samples/%s.lua"):format(name)), {}
  for title in source:gmatch 'title = "([%%%u%d:/ %-]+)"' do
    list[#list + 1] = title
  end
  for shared in source:gmatch "rowtable%.(%u[%u%d]*)" do
    list[#list + 1] = rowtable[shared].title
  end
  return list
end

local function described(name)
  local set = {}
  for _, block in ipairs(markdown.parse(manual.page(name).text)) do
    for i, row in ipairs(block.kind == "table" and block.rows or {}) do
      set[row[1]:match "^`(.*)`$" or ""] = i > 1 or nil
    end
  end
  return set
end

function tests.test_every_column_is_described()
  local checked = 0
  for _, name in ipairs(scripts) do
    local there = described(name)
    for _, column in ipairs(columns_of(name)) do
      t.assertTrue(there[column], ("docs/scripts/%s.md does not describe the column %s"):format(name, column))
      checked = checked + 1
    end
  end
  t.assertTrue(checked > 150, checked)
end

function tests.test_no_column_is_described_that_is_not_there()
  for _, name in ipairs(scripts) do
    local there = set_of(columns_of(name))
    for column in pairs(described(name)) do
      t.assertTrue(there[column] or not column:find "^%u", ("docs/scripts/%s.md describes %s"):format(name, column))
    end
  end
end

-- ---- options ----

local man = uv.exepath():match "^(.*)/" .. "/man"

-- "-d --duration" of "--duration SECONDS"
local function options_in(text)
  local list = {}
  for option in text:gmatch "%f[%w%-](%-%-?%a[%a-]*)" do
    list[#list + 1] = option
  end
  return list
end

function tests.test_every_option_is_on_the_page_and_on_the_man_page()
  local checked = 0
  for _, name in ipairs(scripts) do
    local page = manual.page(name)
    local taken = page.has_options and manual.options(name) or {}
    local help = page.has_options and options_in(proc.run_shark(name, "--help").out) or {}
    local shown = set_of(options_in(table.concat(manual.lines(page, 80), "\n")))
    local roff = proc.read_file(("%s/shark-%s.1"):format(man, name)):gsub("\\%-", "-")
    local in_man = set_of(options_in(roff:gsub("\\fP", "")))
    t.assertEquals(#taken > 0, page.has_options, name)
    for _, option in ipairs(help) do
      t.assertTrue(shown[option] and in_man[option], name .. " " .. option)
      checked = checked + 1
    end
  end
  t.assertTrue(checked > 250, checked)
end

-- ---- the pages as they are printed ----

local function assert_fits(text)
  for line in text:gmatch "[^\n]+" do
    t.assertTrue(#line <= 80, line)
  end
end

function tests.test_help_prints_the_page()
  local result = proc.run_shark("help", "hardirqs")
  t.assertEquals({ result.status, result.err }, { 0, "" })
  for _, text in ipairs { "hardirqs: time in hard interrupt handlers", "\nUsage: shark hardirqs [-h]",
    "\n  -i IRQ, --irq IRQ       This IRQ only.\n", "\nCOLUMNS\n", "\n  TOTAL-US        time in the handler, all",
    "\nWHAT IT CANNOT SEE\n* Work that the handler leaves to its thread (irqthreads)", "\n$ shark hardirqs " } do
    t.assertStrContains(result.out, text)
  end
end

-- What was printed in an example is as it was.
function tests.test_pages_fit_a_terminal()
  for _, name in ipairs(scripts) do
    local text = manual.page(name).text
    for _, line in ipairs(manual.lines(manual.page(name), 80)) do
      t.assertTrue(#line <= 80 or text:find("\n" .. line .. "\n", 1, true) ~= nil, line)
    end
  end
end

function tests.test_help_without_a_name_lists_all_scripts()
  local result = proc.run_shark "help"
  t.assertEquals({ result.status, result.err }, { 0, "" })
  assert_fits(result.out)
  for _, name in ipairs(scripts) do
    t.assertStrContains(result.out, "\n  " .. name .. " ")
  end
  t.assertStrContains(result.out, "\nIs the disk slow, and where?\n  biosize ")
end

function tests.test_a_name_that_is_none_is_refused_with_the_nearest()
  local result = proc.run_shark("help", "hardirq")
  t.assertEquals({ result.status, result.out }, { 2, "" })
  t.assertStrContains(result.err, "shark help: there is no packaged script 'hardirq'; nearest: hardirqs, ")
end

function tests.test_help_as_json()
  local page = dkjson.decode(proc.run_shark("help", "hardirqs", "--json").out)
  t.assertEquals({ page.name, page.question }, { "hardirqs", "Where does the time in interrupts go?" })
  t.assertStrContains(page.text, "## Columns\n")
  local list, found = dkjson.decode(proc.run_shark("help", "--json").out), 0
  for _, group in ipairs(list.questions) do
    found = found + #group.scripts
  end
  t.assertEquals(found, #scripts)
end

function tests.test_the_prompt_shows_the_same_page()
  local result = proc.run(proc.shark, {}, { stdin = 'help "hardirqs"\n' })
  t.assertStrContains(result.out, table.concat(manual.lines(manual.page "hardirqs", 78), "\n"))
end

-- ---- man pages ----

function tests.test_man_pages_are_clean()
  for _, check in ipairs { "groff -ww -z -man", "mandoc -T lint -W warning" } do
    local result = proc.run_shell(("%s %s/*.1"):format(check, man))
    t.assertEquals({ result.status, result.out, result.err }, { 0, "", "" }, check)
  end
end

function tests.test_man_pages_say_what_the_pages_say()
  local page = proc.run_shell(("man -l %s/shark-softirqs.1 2>/dev/null | col -b"):format(man)).out:gsub("%s+", " ")
  for _, text in ipairs { "shark-softirqs - how long softirqs wait and run",
    "WAIT99-US 99 of 100 runs waited no longer (us)", "$ shark softirqs -d 1" } do
    t.assertStrContains(page, text)
  end
end

-- ---- contents ----

function tests.test_the_contents_are_not_stale()
  local result = proc.run_shell '"$SHARK" docs/contents.lua --check'
  t.assertEquals({ result.status, result.err }, { 0, "" })
end

-- ---- what the build refuses ----

local function build(page)
  local directory = proc.temporary_directory()
  local path = proc.write_file(directory .. "/hello.md", page)
  return proc.run_shell(("luajit docs/pages.lua %s/pages.lua %s"):format(directory, path))
end

function tests.test_a_page_of_another_form_is_refused()
  t.assertEquals(build("# shark hello\n\n> How do scripts work?\n\nText.\n").status, 0)
  local result = build "# shark hello\n\n> How do they work?\n\nText.\n"
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "hello.md: no question is 'How do they work?'; there are:\n  What can be")
  result = build "# hello\n\nText.\n"
  t.assertEquals(result.status, 1)
  t.assertStrContains(result.err, "hello.md: begins with '# shark hello' and '> QUESTION'")
end

t.run(tests)
