--- The part of Markdown that the pages of packaged scripts are written in: headings, a question (`> ...`),
-- paragraphs, items (`* ...`), tables, and code between fences.

local M = {}

local function cells_of(line)
  local cells = {}
  for cell in line:sub(2):gmatch("%s*(.-)%s*|") do
    cells[#cells + 1] = cell
  end
  return cells
end

-- What a line that begins a block of text is: its kind, and the text in it.
local function begun(line)
  local marks, heading = line:match("^(#+) (.+)$")
  if marks then
    return { kind = "heading", level = #marks, text = heading }
  end
  local question, item = line:match("^> (.+)$"), line:match("^%* (.+)$")
  if question or item then
    return { kind = question and "question" or "item", text = question or item }
  end
  return { kind = "paragraph", text = line }
end

-- A line goes on with what the one before it began; not behind a heading.
local function goes_on(block, line)
  return block and block.kind ~= "heading" and (block.kind ~= "item" or line:find("^  "))
    and not line:find("^[#>*|] ?")
end

-- Lines that are no code: returns the block that they are in, nil after an empty one.
local function add_line(blocks, block, line)
  if line == "" then
    return nil
  elseif line:find("^|") then
    block = block and block.kind == "table" and block or { kind = "table", rows = {} }
    if not line:find("^|[-|]+$") then
      table.insert(block.rows, cells_of(line))
    end
  elseif goes_on(block, line) and block.kind ~= "table" then
    block.text = block.text .. " " .. line:gsub("^ +", "")
  else
    block = begun(line)
  end
  if blocks[#blocks] ~= block then
    blocks[#blocks + 1] = block
  end
  return block
end

--- The blocks of a text.
--- @param text string
--- @return table[] blocks { kind = "heading", level, text }, { kind = "question"|"paragraph"|"item", text },
---   { kind = "table", rows = { { cell, ... }, ... } } of which the first are the titles, and
---   { kind = "code", info = what stands behind the fence, lines, at = the fence's line }
function M.parse(text)
  local blocks, block, number = {}, nil, 0
  for line in (text:gsub("\n$", "") .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    local info = line:match("^```(.*)$")
    if block and block.kind == "code" and line == "```" then
      block = nil
    elseif block and block.kind == "code" then
      table.insert(block.lines, line)
    elseif info then
      block = { kind = "code", info = info, lines = {}, at = number }
      blocks[#blocks + 1] = block
    else
      block = add_line(blocks, block, line)
    end
  end
  return blocks
end

--- The parts of a line of text.
--- @param text string
--- @return table[] { kind = "plain"|"code", text } and { kind = "link", text, to }
function M.spans(text)
  local spans, at = {}, 1
  while at <= #text do
    local first, last, code = text:find("`([^`]+)`", at)
    local link, link_end, label, to = text:find("%[([^%]`]+)%]%(([^)]+)%)", at)
    local span = code and { kind = "code", text = code }
    if link and link < (first or #text + 1) then
      first, last, span = link, link_end, { kind = "link", text = label, to = to }
    end
    if (first or #text + 1) > at then
      spans[#spans + 1] = { kind = "plain", text = text:sub(at, (first or #text + 1) - 1) }
    end
    spans[#spans + 1], at = span, (last or #text) + 1
  end
  return spans
end

--- A row of a table as what it is of and what is said of it: "TOTAL-US | us | time in it" becomes
--- "TOTAL-US" and "time in it (us)".
--- @param cells string[] @return string label @return string text both in Markdown
function M.entry(cells)
  local text = cells[#cells]
  for i = 2, #cells - 1 do
    text = cells[i] ~= "" and ("%s (%s)"):format(text, cells[i]) or text
  end
  return cells[1], text
end

return M
