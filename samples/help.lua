-- help: what packaged scripts there are, and the page of one: columns, how it counts, an example
local cli = require "shark.cli"
local manual = require "shark.manual"
local out = require "shark.text.out"
local terminal = require "shark.text.terminal"

local NAME = "help"
local WIDTH, WIDEST = 80, 120 -- columns: where there is no terminal, and beyond which lines are hard to read

local parser = cli.parser(NAME, "Prints the page of a packaged script: what it shows, its columns, how it counts, " ..
  "what it cannot see, with an example. Without a name: all scripts, by the question that they answer.")
parser:argument("script", "A packaged script."):args "?"
cli.options(parser, { { "json", more = "Pages are Markdown." } })
local options = parser:parse()

local function width()
  return math.min(terminal.columns() or WIDTH, WIDEST)
end

local function asked()
  local page, message = manual.page(options.script)
  return page or parser:error(message)
end

local ORDER = { "questions", "question", "scripts", "name", "summary", "has_options", "text" }

if options.json then
  out.json(options.script and asked() or { questions = manual.questions() }, ORDER)
elseif options.script then
  out.lines(manual.lines(asked(), width()))
else
  out.lines(manual.list(width()))
  out.line("\n'shark help NAME' tells about one, 'shark NAME --help' lists its options.")
end
