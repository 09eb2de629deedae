-- tests/lib/blocks.lua: how code blocks of the documentation are read, and what is wrong with one.
package.path = arg[0]:gsub("[^/]+/[^/]+$", "lib/?.lua;") .. package.path
local blocks = require "blocks"
local markdown = require "shark.text.markdown"
local proc = require "proc"
local t = require "t"

local tests = {}

local function of(text)
  return blocks.of(proc.write_file(proc.temporary_directory() .. "/page.md", text))
end

function tests.test_markdown()
  local text = "# A\n\n> Why?\n\none\ntwo\n\n* x\n  y\n* z\n\n| a | b |\n|---|---|\n| 1 | 2 |\n```lua\n# x\n```\n"
  t.assertEquals(markdown.parse(text), {
    { kind = "heading", level = 1, text = "A" }, { kind = "question", text = "Why?" },
    { kind = "paragraph", text = "one two" }, { kind = "item", text = "x y" }, { kind = "item", text = "z" },
    { kind = "table", rows = { { "a", "b" }, { "1", "2" } } },
    { kind = "code", info = "lua", lines = { "# x" }, at = 15 },
  })
  t.assertEquals(markdown.spans "see `a b` in [x](y.md).", { { kind = "plain", text = "see " },
    { kind = "code", text = "a b" }, { kind = "plain", text = " in " }, { kind = "link", text = "x", to = "y.md" },
    { kind = "plain", text = "." } })
end

function tests.test_what_stands_behind_the_fence()
  local list = of "Text.\n```lua root disk\nprint(1)\n```\n```sh not run: it installs\nmake\n```\n```lua iommu\n```\n"
  t.assertEquals({ list[1].kind, list[1].needs, list[1].in_guest, list[1].heading },
    { "lua", { root = true, disk = true }, false, "Text." })
  t.assertEquals({ list[2].kind, list[2].reason }, { "sh", "it installs" })
  t.assertTrue(list[3].in_guest)
  for _, block in ipairs(list) do
    t.assertNil(blocks.fault(block))
  end
end

function tests.test_blocks_of_no_known_kind_are_faults()
  for fence, fault in pairs {
    [""] = "a block of the kind 'nil', which tests do not run", ruby = "a block of the kind 'ruby'",
    ["sh roots"] = "a block that needs 'roots', which nobody knows", output = "output of no block of Lua",
  } do
    t.assertStrContains(blocks.fault(of("```" .. fence .. "\nx\n```\n")[1]), fault)
  end
end

function tests.test_the_pages_have_no_faults()
  local checked = 0
  for _, path in ipairs(blocks.pages()) do
    for _, block in ipairs(blocks.of(path)) do
      t.assertNil(blocks.fault(block), ("%s:%d"):format(path, block.at))
      checked = checked + 1
    end
  end
  t.assertTrue(checked > 100, checked)
end

function tests.test_commands_of_a_console()
  local list = blocks.commands(of '```console\n$ a -- \\\n    b\nprinted\n$ sh -c "x\n  y"\n```\n'[1])
  t.assertEquals(list, { { command = "a -- \\\n    b", printed = { "printed" } },
    { command = 'sh -c "x\n  y"', printed = {} } })
end

local function run(fence, text)
  local list = of(("```%s\n%s\n```\n"):format(fence, text))
  list[1].result = blocks.run_in_one_shell(list)[1][1]
  return list[1]
end

function tests.test_what_fails_or_tells_nothing_is_noticed()
  t.assertTrue(blocks.told(run("sh", "echo 36 virtio1")))
  for _, silent in ipairs { "true", "echo lost: 7", "echo 3; exit 1", "echo; echo" } do
    t.assertFalse(blocks.told(run("sh", silent)), silent)
  end
  t.assertTrue(blocks.told(run("sh quiet", "echo nothing")))
end

function tests.test_what_was_printed_otherwise_is_noticed()
  local page = of("```lua\n```\n```output\n36\tvirtio1\t7\nattached: x\n```\n" ..
    "```console\n$ x\nIRQ  CPU  COUNT\n 1    2  3\n```\n")
  t.assertNil(blocks.unlike(page[2], "42\tnvme0\t1\nsome words\n"))
  t.assertEquals(blocks.unlike(page[2], "42\t1\nsome words\n"), "36\tvirtio1\t7")
  t.assertNil(blocks.missing_titles(page[3], "IRQ CPU COUNT\n"))
  t.assertEquals(blocks.missing_titles(page[3], "IRQ COUNT\n"), "IRQ  CPU  COUNT")
end

function tests.test_steps_share_a_shell()
  local list = of "```sh guide\nx=1\n```\n```console guide\n$ echo $x\n1\n$ false\n```\n"
  t.assertEquals(blocks.run_in_one_shell(list),
    { { { out = "", status = 0 } }, { { out = "1\n", status = 0 }, { out = "", status = 1 } } })
end

t.run(tests)
