-- shark.completion: a line as the shell takes it apart, and what fits at its end.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local answer = require "shark.completion.answer"
local argparse = require "argparse"
local line = require "shark.completion.line"
local t = require "t"

local tests = {}

-- What bash has where nobody has changed it.
local BREAKS = " \t\n\"'@><=;|&(:"

local function assert_parts(text, words, more)
  local parts = line.parts(text, BREAKS)
  more = more or {}
  t.assertEquals({ parts.words, parts.kept, parts.quote, parts.is_file },
    { words, more.kept or 0, more.quote, more.is_file or false }, text)
end

function tests.test_words_end_at_blanks()
  assert_parts("", { "" })
  assert_parts(" -i 36", { "-i", "36" })
  assert_parts(" -i  ", { "-i", "" })
end

function tests.test_quotes_and_backslashes_are_taken_off()
  assert_parts([[ 'a b' "c \" \d $(x)" e\ f]], { "a b", [[c " \d $(x)]], "e f" })
  assert_parts([[ a'b'"c" ]], { "abc", "" })
  assert_parts([[ it\'s 'a"b' ""]], { "it's", 'a"b', "" })
end

function tests.test_what_the_shell_replaces_begins_at_a_break_or_an_open_quote()
  assert_parts(" --way=ra", { "--way=ra" }, { kept = 6 })
  assert_parts(" sched:sched_sw", { "sched:sched_sw" }, { kept = 6 })
  assert_parts([[ sched\:sched]], { "sched:sched" })
  assert_parts([[ "sched:sched]], { "sched:sched" }, { quote = '"' })
  assert_parts([[ --way='r]], { "--way=r" }, { kept = 6, quote = "'" })
  t.assertEquals(line.parts("a:b", " ").kept, 0)
end

function tests.test_where_something_is_redirected_is_no_word()
  assert_parts(" --json > out 2>&1 -d", { "--json", "-d" })
  assert_parts(" --json >ou", { "--json", "ou" }, { is_file = true })
  assert_parts(" --json 2> ", { "--json", "" }, { is_file = true })
end

-- What is quoted is taken as it is by the shell that is here.
function tests.test_quoted_for_each_quote()
  local text = [[a b$(c)`d`;'e'"f"\|*?~#{g,h}<i>]] .. "gr\195\188n"
  for _, quote in ipairs { "", "'", '"' } do
    local word = quote .. line.quoted(text, quote ~= "" and quote or nil) .. quote
    local pipe = io.popen("printf %s " .. word)
    t.assertEquals(pipe:read "*a", text)
    pipe:close()
  end
  t.assertEquals({ line.quoted "a!", line.quoted("a!", "'"), line.quoted("a!", '"') }, { "a\\!", "a!" })
  t.assertEquals({ line.quoted [[a'"]], line.quoted("a'", "'"), line.quoted('a"', '"') }, { [[a\'\"]] })
end

-- ---- what fits ----

local function script()
  local parser = argparse "shark script"
  parser:option("-c --colour"):choices { "red", "green" }
  parser:option("-k --kind"):choices({ "x y", "z" }):count "*"
  parser:option("-n --number"):argname("N"):choices({ "1", "b" }):convert(tonumber)
  parser:option("-f --file"):argname "FILE"
  parser:option("--secret"):hidden(true)
  parser:argument("shade"):choices { "light", "dark" }
  parser:argument("command"):args "*"
  return parser
end

local function fitting(text)
  local words, files = answer.of(script(), text, BREAKS)
  return files and "files" or table.concat(words, " ")
end

function tests.test_options_but_hidden_ones()
  t.assertEquals(fitting " --", "-- --help --colour --kind --number --file")
  t.assertEquals(fitting " -c red --ki", "--kind")
end

function tests.test_values_of_the_option_before()
  t.assertEquals(fitting " -c ", "red green")
  t.assertEquals(fitting " --colour gr", "green")
  t.assertEquals(fitting " --colour=gr", "green")
  t.assertEquals(fitting " '--colour=gr", "--colour=green")
  t.assertEquals(fitting " -k z -k x", "x\\ y")
  t.assertEquals(fitting " -k 'x", "x y")
end

function tests.test_a_value_that_the_script_refuses_is_not_offered()
  t.assertEquals(fitting " -n ", "1")
end

function tests.test_files()
  t.assertEquals(fitting " -f ", "files")
  t.assertEquals(fitting " -c red > ", "files")
end

function tests.test_arguments_in_their_order()
  t.assertEquals(fitting " ", "light dark")
  t.assertEquals(fitting " -c red d", "dark")
  t.assertEquals(fitting " light x", "")
  t.assertEquals(fitting " light -- --c", "")
  t.assertStrContains(fitting " light ", "-- -h --help")
end

-- As the script's page has them, which is held to the script.
function tests.test_columns_of_a_packaged_script()
  local parser = argparse "shark hardirqs"
  parser:option("--by"):argname "COLUMN"
  t.assertEquals(answer.of(parser, " --by PER", BREAKS), { "PER-S" })
  t.assertTrue(#answer.of(parser, " --by ", BREAKS) > 8)
end

t.run(tests)
