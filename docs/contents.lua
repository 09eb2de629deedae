--- Writes docs/scripts/README.md, the contents of the pages of packaged scripts.
-- usage: build/shark docs/contents.lua          writes it
--        build/shark docs/contents.lua --check  fails if what is there is another

package.path = arg[0]:gsub("[^/]+$", "?.lua;") .. package.path
local manual = require "shark.manual"
local written = require "written"

local parts = { [[
# Packaged scripts

By the question that they answer; written by `make reference` from the pages. `shark help` prints the same on a
terminal, `shark help NAME` and `man shark-NAME` a page with the script's options.
]] }
for _, group in ipairs(manual.questions()) do
  parts[#parts + 1] = ("\n## %s\n\n| | |\n|---|---|\n"):format(group.question)
  for _, page in ipairs(group.scripts) do
    parts[#parts + 1] = ("| [%s](%s.md) | %s |\n"):format(page.name, page.name, page.summary)
  end
end
written.write_or_check({ ["docs/scripts/README.md"] = table.concat(parts) }, "the pages and scripts say")
