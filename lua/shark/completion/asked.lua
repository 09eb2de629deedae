--- Loaded before a packaged script that a shell asks what can be typed behind it. One without options would not
-- answer but run, so the run ends here: nothing can be typed.

local manual = require "shark.manual"

local page = manual.page(arg[0])
if not (page and page.has_options) then
  os.exit(0)
end
