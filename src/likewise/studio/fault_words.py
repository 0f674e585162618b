"""Templates of errors, English and Chinese, by what they are of; `faults.py` reads them. Blanks are named."""

from __future__ import annotations

import re

STUDIO = {
    "only histories go on, and not within a budget: what is given out holds the real rows": (
        "只有历史记录可以延续，且不能在预算内：给出的文件含有真实行"
    ),
    "skip must be a whole number from 0": "表头前的行数须为不小于 0 的整数",
    "this server answers to this machine's own name only": "本服务只应答本机自身的名称",
    "the request comes from another site": "请求来自其他网站",
    "the request comes from another origin": "请求来自其他来源",
    "no such method": "没有这种方法",
    "no such file": "没有这个文件",
    "the token is lacking or wrong: open the address that likewise studio printed": (
        "密钥缺失或不正确：请打开 likewise studio 打印的地址"
    ),
    "this address was good once, and for a minute; ask for it anew": "该地址只能使用一次，有效期一分钟；请重新获取",
    "unexpected {kind}, a fault in likewise": "意外的 {kind}，这是 likewise 的缺陷",
    "the process ended with code {code}": "进程以代码 {code} 结束",
    "the process was ended from outside (signal {number}): perhaps memory ran out": (
        "进程被外部结束（信号 {number}）：可能是内存不足"
    ),
    "what is declared of all columns at once are kind and nullable": "可对所有列一并声明的只有类型与可否缺失",
    "of several tables nothing is called {name}": "多张表没有名为 {name} 的设置",
    "nothing was measured in this run": "本次运行未做任何评估",
    "column {name} has two conditions; write them as one, such as {form}": (
        "列 {name} 有两个条件；请合写为一个，如 {form}"
    ),
    "there is no such file": "没有这个文件",
    "there is no such language": "没有这种语言",
    "this run has no such file": "本次运行没有这个文件",
    "only pages can be shown": "只有网页可以显示",
    "from 2 to {most} runs are set side by side": "可并列比较 2 至 {most} 次运行",
    "a run stands there twice, or was not measured": "有一次运行重复，或未做评估",
    "column {name}: only numbers are cut; merge the groups of others": "列 {name}：只有数值可以切分；其他列请合并分组",
    "column {name}: say at which numbers it is cut": "列 {name}：请指明在哪些数值处切分",
    "column {name}: the hierarchy of {n} values is not edited here": "列 {name}：{n} 个取值过多，层级不在此处编辑",
    "column {name}: values with blanks at their ends or line breaks go in no hierarchy": (
        "列 {name}：首尾有空格或含换行的取值不能放入层级"
    ),
    "column {name} is no quasi-identifier": "列 {name} 不是准标识符",
    "{n} edits are the most": "最多编辑 {n} 次",
    "what is done to a hierarchy is merge, cut, add or drop, and labels are texts": (
        "对层级可做的是合并、切分、增加或删除，标签须为文本"
    ),
    "a level is a whole number from 1": "级别是从 1 起的整数",
    "numbers are cut at numbers": "数值须在数值处切分",
    "of an edit nothing is called {name}": "编辑没有名为 {name} 的内容",
    "an edit names a column and what is done": "编辑须指明列与所做之事",
    "column {name}: its hierarchy has {height} levels": "列 {name}：其层级共 {height} 级",
    "column {name}: two or more groups of level {level} are merged": "列 {name}：须合并第 {level} 级的两个或更多分组",
    "a group needs a name of letters that can be printed, and no star": "组名须由可打印的字符组成，且不是星号",
    "column {name}: level {level} has a group of that name already": "列 {name}：第 {level} 级已有同名分组",
    "levels are whole numbers of quasi-identifiers, from 0 to the height of each": (
        "级别是准标识符从 0 到各自高度的整数"
    ),
    "levels are whole numbers from 0, by the names of columns": "级别是按列名给出、从 0 起的整数",
    "levels that are set are of whole columns: they need the method lattice": "设定级别须采用整列方式（lattice）",
    "there is no such job": "没有这项任务",
    "there is no such run": "没有这次运行",
    "say which column is the target, of a table whose rows may be looked at": "请指明目标列，且该表的行须允许查看",
    "the request must be a JSON object": "请求须为 JSON 对象",
    "the request is not JSON": "请求不是 JSON",
    "a request may have {n} bytes": "一个请求至多 {n} 字节",
    "{key} must be a text": "{key} 须为文本",
    "{key} must be a number": "{key} 须为数值",
    "{key} must be a whole number from {least}": "{key} 须为不小于 {least} 的整数",
    "scale must be above 0, and 1000 at most": "倍数须大于 0，至多 1000",
    "where must be a list of texts": "条件须为文本列表",
    "nothing is said of the column": "没有对该列作任何声明",
    "port {port} of this machine cannot be taken: {why}": "无法占用本机端口 {port}：{why}",
    "several tables have no blind mode: their rows are read to find their keys": (
        "多张表没有盲模式：须读取各行以找到键"
    ),
    "a mix maps levels to percents": "份额须把取值对应到百分比",
    "the percents of a mix are whole numbers from 0 to 100": "份额的百分比是 0 到 100 的整数",
    "the percents of a mix add up to {sum}, not to 100": "份额的百分比合计为 {sum}，而非 100",
    "purpose must be one of {names}": "用途须为以下之一：{names}",
    "the method is mondrian or lattice, and a share of rows is from 0 to below 1": (
        "方式是 mondrian 或 lattice，行的份额从 0 到小于 1"
    ),
    "k must be at least 2, the seed at least 0, and rows at least 1": "k 至少为 2，种子至少为 0，行数至少为 1",
    "epsilon and seconds must be above 0, and delta between 0 and 1": "epsilon 与秒数须大于 0，delta 在 0 与 1 之间",
    "what can be paid for are levels, bounds and missing": "可付费获知的有取值、上下界与缺失",
    "there is no setting {name}": "没有设置 {name}",
    "{name} is of the wrong type, got {kind}": "{name} 类型不对，得到 {kind}",
    "no table is open yet": "尚未打开数据表",
    "no several tables are open": "未打开多张表",
    "the rows are not looked at: they were opened by their header alone": "只读了表头，不查看各行",
    "a column has no field {name} that can be said": "列没有可声明的字段 {name}",
    "of several tables {names} are set; all else is of the command line": "多张表可设置 {names}；其余请用命令行",
    "this is no plan of the studio: {kind}": "这不是工作台的方案：{kind}",
    "the plan {path} cannot be read: {kind}": "方案 {path} 无法读取：{kind}",
    "the plan is for a table: name it as FILE": "该方案需要数据表：请在命令中给出 FILE",
    "the ZIP file holds {n} tables; {most} are taken at most": "ZIP 文件含 {n} 张表；至多接受 {most} 张",
    "of several tables a key, a kept table, a root or a column is said, one at a time": (
        "对多张表每次声明一项：键、保持原样的表、个人所在的表或一列"
    ),
    "what is declared of several tables at once are keys, kind and nullable": (
        "可对多张表一并声明的只有键、类型与可否缺失"
    ),
    "a column of several tables is named by its table and its name": "多张表的列须以表与列名指明",
    "there is no such foreign key to refuse": "没有可拒绝的这个外键",
    "the ZIP file is damaged": "ZIP 文件已损坏",
    "the ZIP file is damaged, or locked by a password": "ZIP 文件已损坏，或有密码",
    "of SQL, files of SQLite are opened here: use likewise synth URL for others": (
        "此处只能打开 SQLite 文件；其他数据库请用 likewise synth URL"
    ),
    "the ZIP file holds two files called {name}": "ZIP 文件中有两个名为 {name} 的文件",
    "the ZIP file holds more than {most} bytes: name its folder": "ZIP 文件内容超过 {most} 字节：请给出其文件夹",
    "a table may have {most} bytes here; name a larger one on the command line": (
        "此处的表至多 {most} 字节；更大的请在命令行中给出"
    ),
    "table {table} has no column {name} to declare": "表 {table} 没有可声明的列 {name}",
}
"""Those of the studio itself."""

READING = {
    "{what} is no delimited text: {names} cannot be used": "{what}不是分隔文本：不能使用 {names}",
    "{what} is {name}: export the table as CSV or Parquet": "{what}是 {name}：请将表导出为 CSV 或 Parquet",
    "{what} is a picture": "{what}是图片",
    "{what} is a PDF": "{what}是 PDF",
    "{what} is {name}: unpack it": "{what}是 {name}：请先解压",
    "{what} is a Python pickle, which can run code when it is opened and is never read here": (
        "{what}是 Python pickle，打开时可能运行代码，此处从不读取"
    ),
    "{what} is empty": "{what}是空的",
    "{what} does not exist": "{what}不存在",
    "{what} is a folder; give a file": "{what}是文件夹；请给出文件",
    "{what} may not be read: no permission": "{what}没有读取权限",
    "{what} does not fit into memory": "{what}放不进内存",
    "{what} has no line end in its first {n} MB: it is not a table of lines": (
        "{what}前 {n} MB 没有换行：不是按行书写的表"
    ),
    "{what} is a web page or XML, not a table: if a spreadsheet shows a table, save it there as CSV or .xlsx; it may "
    "also be an error message that was saved as one": (
        "{what}是网页或 XML，而不是表：若表格软件能显示，请另存为 CSV 或 .xlsx；也可能是误存的出错信息"
    ),
    "{what} is a damaged or cut-off {packed} file: it cannot be unpacked": (
        "{what}是损坏或不完整的 {packed} 文件，无法解压"
    ),
    "{what} cannot be read: it is a damaged or cut-off {name} file, or holds a type of column that no table can have": (
        "{what}无法读取：是损坏或不完整的 {name} 文件，或含有表所不能有的列类型"
    ),
    "{what} cannot be read: {why}": "{what}无法读取：{why}",
    "{what} holds binary data, not a table; give CSV, TSV, Parquet, Arrow, Excel or JSON lines": (
        "{what}是二进制数据而不是表；请给出 CSV、TSV、Parquet、Arrow、Excel 或 JSON 行"
    ),
    "{what} is a table drawn for reading, with lines of dashes (Markdown, or the screen of a database): save it as "
    "CSV ({how})": "{what}是供阅读的带横线的表（Markdown 或数据库屏幕输出）：请另存为 CSV（{how}）",
    "{what}: it cannot be told {doubt}": "{what}：无法判断 {doubt}",
    "{what} has no column names in its first line": "{what}第一行没有列名",
    "{what} has a header with {n} columns, but no rows": "{what}有 {n} 列的表头，但没有行",
    "{what} has {n} columns and no rows": "{what}有 {n} 列而没有行",
    "{what}: the first line looks like a row of data, and would be written out as the names of the columns; {how}": (
        "{what}：第一行像是数据，会被当作列名写出；{how}"
    ),
    "{what}: the line after the first looks like the names of the columns; say --skip with the number of lines before "
    "it (dialect=Dialect(skip=...) in Python) if it is, --header if it is a row": (
        "{what}：第二行像是列名；若是，请在命令行用 --skip 给出其前的行数，若是数据行请用 --header"
    ),
    "{what}: every line must have as many cells as the header; a cell that holds the delimiter or a line end must "
    "stand in quotes": "{what}：每行须与表头有同样多的格；含分隔符或换行的格须加引号",
    "{what} is UTF-8 text, but damaged in places: save it anew": "{what}是 UTF-8 文本，但部分损坏：请重新保存",
    "{what} is not UTF-8, and its encoding cannot be told for sure: save it as UTF-8, or say which it is with "
    "encoding ({names})": "{what}不是 UTF-8，编码也无法确定：请存为 UTF-8，或指明编码（{names}）",
    "{what} holds NUL bytes (00) among its text, the first in line {line}: it was damaged, or cells hold binary data; "
    "take them out": "{what}文本中有 NUL 字节（00），首个在第 {line} 行：已损坏，或格中含二进制数据；请去除",
    "{what} is not UTF-8 text from end to end: it is damaged, or of another encoding": (
        "{what}并非全是 UTF-8 文本：已损坏，或为其他编码"
    ),
    "{what} ends in {ending}, but its content is not of that format (or is damaged)": (
        "{what}以 {ending} 结尾，但内容不是该格式（或已损坏）"
    ),
    "{what} is a zip archive of {n} files: unpack it and give one, or a folder": (
        "{what}是含 {n} 个文件的压缩包：请解压后给出其一，或给出文件夹"
    ),
    "{what}: the file in it is empty": "{what}：其中的文件是空的",
    "{what}: sheet {sheet} is empty; --sheet names another, of {names}": "{what}：工作表 {sheet} 是空的；另有 {names}",
    "{what}: the first row holds dates or times in place of names; write the names of the columns as texts, such as "
    "'2020-01'": "{what}：第一行是日期或时间而不是列名；请把列名写成文本，如 '2020-01'",
    "{what}: the first row names {n} of {m} columns, so it is taken for a title, not for the header; delete what "
    "stands above the header and save the sheet again": (
        "{what}：第一行只给出 {m} 列中 {n} 列的名称，像是标题而非表头；请删去表头上方的内容后重新保存"
    ),
    "{what} cannot be read as a JSON list of objects, one a row": "{what}无法读作 JSON 对象列表（每行一个）",
    "{what} is one JSON object that holds all the rows: write a list of objects, one a row, or JSON lines {how}": (
        "{what}是包含所有行的单个 JSON 对象：请写成对象列表或 JSON 行 {how}"
    ),
    "{what}: a table's cells must be single values; nested or binary columns: {names}": (
        "{what}：表的格须为单个值；嵌套或二进制的列：{names}"
    ),
    "{what} is a damaged zip archive or workbook": "{what}是损坏的压缩包或工作簿",
    "{what}: the file in it is damaged, or needs a password": "{what}：其中的文件已损坏，或需要密码",
    "{what} cannot be read as an Excel workbook ({kind})": "{what}无法读作 Excel 工作簿（{kind}）",
    "{what} cannot be read as an Excel workbook": "{what}无法读作 Excel 工作簿",
    "{what} is a damaged Excel workbook": "{what}是损坏的 Excel 工作簿",
    "{what} cannot be read as JSON lines: {where} not one JSON object": (
        "{what}无法读作 JSON 行：{where}不是一个 JSON 对象"
    ),
    "folder {path} holds no table: no file whose ending names a format": (
        "文件夹 {path} 中没有表：没有文件的扩展名表示格式"
    ),
    "the table has no columns": "表没有列",
    "{what} could not be written ({kind})": "{what}无法写出（{kind}）",
    "{what} cannot be written: {why}; nothing was left behind": "{what}无法写出：{why}；没有留下任何内容",
    "this needs the package {name}: pip install {how}": "需要软件包 {name}：pip install {how}",
    "{n} columns are called like people: {names}. The names of columns leave with all that is made of the table: turn "
    "it so that each of these people has rows and the name is in a column, or call them otherwise": (
        "{n} 列以人名命名：{names}。列名会随由此表生成的一切内容流出：请转置，使这些人各占若干行、姓名置于一列，或改列"
        "名"
    ),
}
"""Of files."""

COLUMNS = {
    "{name} of a dialect must be {what}, got {value}": "文件书写方式中的 {name} 不可用：得到 {value}",
    "the delimiter and the decimal mark of a file must differ": "分隔符与小数点须不同",
    "there is no column {name}": "没有列 {name}",
    "columns lack: {names}": "缺少列：{names}",
    "columns are not in the schema: {names}": "模式中没有列：{names}",
    "column {name}: {n} of {m} values are not {what} (kind {kind}); clean them or declare another kind": (
        "列 {name}：{m} 个值中有 {n} 个不是{what}（类型 {kind}）；请清理，或声明为其他类型"
    ),
    "entity names column {name}, which the table lacks": "所属个体指明的列 {name} 不在表中",
    "column {name}: {n} of {m} rows do not tell whose they are; as entity it must have a value in every row: fill it, "
    "or leave those rows out": (
        "列 {name}：{m} 行中有 {n} 行未说明属于谁；作为所属个体，每行都须有值：请填补或去掉这些行"
    ),
    "column {name}: kind and role must both be 'id' or neither, got kind {kind} with role {role}": (
        "列 {name}：类型与角色须同为标识符，或都不是；现为类型 {kind}、角色 {role}"
    ),
    "column {name} is an id; to use it otherwise, give its kind as well as its role": (
        "列 {name} 是标识符；若作他用，请同时给出类型与角色"
    ),
    "column {name}: the format of text must be {names}, or none": "列 {name}：文本的格式须为 {names}，或留空",
    "column {name}: what is made of semantic {what} are texts, and the column is stored as {kind}: turn it into "
    "texts, or say what else it is ('none' where it tells of nobody)": (
        "列 {name}：{what} 生成的是文本，而该列存为 {kind}：请转为文本，或说明它是别的什么（与人无关则为 'none'）"
    ),
    "column {name}: semantic {what}, and the column holds {kind} values: say what else it is ('none' where it tells "
    "of nobody)": "列 {name}：所说的含义 {what} 与该列的 {kind} 取值不符：请说明它是别的什么（与人无关则为 'none'）",
    "column {name}: decimals must not be negative, got {n}": "列 {name}：小数位不能为负，得到 {n}",
    "column {name}: bounds must be two {what} (low, high)": "列 {name}：上下界须为两个{what}（最小、最大）",
    "column {name}: bounds must be low <= high, got {low} and {high}": (
        "列 {name}：下界须不大于上界，得到 {low} 与 {high}"
    ),
    "column {name}: bounds of a datetime must be ISO texts, such as '2024-01-31'": (
        "列 {name}：日期的上下界须为 ISO 文本，如 '2024-01-31'"
    ),
    "column {name}: {what} must differ, got {n} with only {k} distinct": (
        "列 {name}：{what}须互不相同，{n} 个中只有 {k} 个不同"
    ),
    "column {name}: labels must be two texts (false, true), got {n}": (
        "列 {name}：标签须为两个文本（否、是），得到 {n} 个"
    ),
    "column {name}: {what} must be a list, got {kind}": "列 {name}：{what}须为列表，得到 {kind}",
    "column {name}: {what} must hold texts only": "列 {name}：{what}只能含文本",
    "column {name}: {what} is of the wrong type, got {kind}": "列 {name}：{what}类型不对，得到 {kind}",
    "column {name}: {what} must be one of {names}, got {value}": "列 {name}：{what}须为以下之一：{names}；得到 {value}",
    "column {name}: nobody has said its kind, and texts may be anything; say kind": (
        "列 {name}：未声明类型，而文本可能是任何内容；请声明类型"
    ),
    "column names must differ, these come more than once: {names}": "列名须互不相同，以下重复：{names}",
    "only one column can be the {role}, got {names}": "只能有一列的角色为 {role}，得到 {names}",
    "column {name}: {n} values are infinite; make them missing or finite numbers": (
        "列 {name}：有 {n} 个无穷值；请改为缺失或有限数"
    ),
    "column {name} was declared {kind}, but its values do not read so; declare it categorical or text, or clean the "
    "data": "列 {name} 声明为 {kind}，但取值不能如此读取；请声明为类别或文本，或清理数据",
    "column {name} was declared boolean, but has {n} distinct values, not two": (
        "列 {name} 声明为是或否，但有 {n} 个不同取值，而非两个"
    ),
    "column {name} was declared datetime, but its numbers do not read as dates": (
        "列 {name} 声明为日期，但其数字不能读作日期"
    ),
    "column {name}: values of type {kind} cannot be modelled; unnest it into plain columns, turn it into text, or "
    "drop it": "列 {name}：{kind} 类型的值无法建模；请拆为普通列、转为文本，或不使用",
    "{pattern} is not a number format; write it like {forms}": "{pattern} 不是数字格式；请写成如 {forms}",
    "{pattern} is no pattern of lengths of time; write it like {form}": "{pattern} 不是时长格式；请写成如 {form}",
    "column {name}: no value of the column's step lies within its declared bounds": (
        "列 {name}：声明的上下界内没有符合其步长的值"
    ),
}
"""Of columns."""

RULES = {
    "rule {rule}: at character {at} {found} where {wanted} must stand": (
        "规则 {rule}：第 {at} 个字符处应为 {wanted}，而不是 {found}"
    ),
    "rule {rule}: {what} needs two columns or more, got {n}": "规则 {rule}：{what} 需要两列或更多，得到 {n}",
    "rule {rule} names column {name} twice; name it once": "规则 {rule} 两次提到列 {name}；一次即可",
    "rule {rule}: a chain goes one way, such as low < mid <= high; write two rules": (
        "规则 {rule}：连续比较须同向，如 low < mid <= high；请写成两条规则"
    ),
    "rule {rule}: {what} is asked of a column, not of {term}": "规则 {rule}：{what} 须针对列，而非 {term}",
    "rule {rule}: 'in' takes numbers and texts in single quotes, not {term}": (
        "规则 {rule}：'in' 后为数字或单引号中的文本，而非 {term}"
    ),
    "rule {rule}: there is no function {name}": "规则 {rule}：没有函数 {name}",
    "rule {rule}: {name} takes {wanted} terms, got {n}": "规则 {rule}：{name} 需要 {wanted} 项，得到 {n}",
    "rule {rule}...: brackets stand in brackets, or factors one behind the other, more than {most} deep": (
        "规则 {rule}……：括号或因子嵌套超过 {most} 层"
    ),
    "rule {rule}...: more than {most} terms stand side by side; make several rules": (
        "规则 {rule}……：并列的项超过 {most} 个；请拆成几条规则"
    ),
    "rule {rule}: what stands at character {at} is no part of a rule; names with other signs than letters, digits, _ "
    "and . stand in double quotes": (
        "规则 {rule}：第 {at} 个字符处的内容不属于规则；含字母、数字、_ 与 . 以外字符的列名须加双引号"
    ),
    "a rule is a text such as 'start <= end', got {kind}": "规则是文本，如 'start <= end'，得到 {kind}",
    "rule {rule} holds {name} to itself; name two columns": "规则 {rule} 把 {name} 与自身比较；请指明两列",
    "{rules} cannot be kept together by any row; leave one out": "{rules} 无法被任何一行同时遵守；请去掉一条",
    "{rules} say together that what they name is equal{said}": "{rules} 合起来意味着所提各项相等{said}",
    "the equations {rules} go in a circle, or determine one column twice: each needs a column that no other "
    "determines and that does not come from it; leave one out": "等式 {rules} 成环，或两次决定同一列；请去掉一条",
    "of the rules {rules} some determine columns in a circle; leave one out": (
        "规则 {rules} 中有些成环地决定各列；请去掉一条"
    ),
    "rule {rule} determines no column: one must stand alone on a side, or be added or taken away there, such as "
    "{form}": ("规则 {rule} 不决定任何列：须有一列单独在一侧，或在该侧相加减，如 {form}"),
    "rule {rule}: there is no column {name}": "规则 {rule}：没有列 {name}",
    "rule {rule}: {said}": "规则 {rule} 不能用于此表：{said}",
}
"""Of rules between columns."""

CONDITIONS = {
    "there is no column {name} to put a condition on": "没有可设条件的列 {name}",
    "column {name} has role {role}: not modelled, it takes no condition": (
        "列 {name} 的角色为 {role}：未建模，不能设条件"
    ),
    "column {name} is {kind}: it has no order, so it takes values, not a range": (
        "列 {name} 为 {kind}：没有顺序，只能取值而非区间"
    ),
    "column {name} is {kind}: a condition needs {what}": "列 {name} 为 {kind}：条件需要{what}",
    "column {name} is boolean: a condition needs true, false or one of its labels": (
        "列 {name} 为是或否：条件需要 true、false 或其标签之一"
    ),
    "column {name}: {n} of the values are not declared levels": "列 {name}：有 {n} 个值不在声明的取值中",
    "a condition is written {forms}": "条件的写法：{forms}",
    "column {name}: != never draws a missing cell, so it takes values only": (
        "列 {name}：!= 不会抽到缺失，因此只接受取值"
    ),
    "column {name}: {sign} needs a number, a date or a time behind it": "列 {name}：{sign} 之后须为数值、日期或时间",
    "column {name}: a range needs an end, such as 60..90, 60.. or ..90": (
        "列 {name}：区间须有一端，如 60..90、60.. 或 ..90"
    ),
    "the range is empty: its low end must lie below its high end": "区间为空：下端须低于上端",
    "the ends of a range must be of one type, got {kinds}": "区间两端须为同一类型，得到 {kinds}",
    "column {name} is an id: ids are regenerated, so no condition can hold on it": (
        "列 {name} 是标识符：会另造，因此不能设条件"
    ),
    "column {name}: no value is missing, so none can be drawn missing": "列 {name}：没有缺失，因此抽不出缺失",
    "column {name}: no level that can be drawn is left": "列 {name}：没有剩下可抽取的取值",
    "column {name}: all values are missing, so no other can be drawn": "列 {name}：全部缺失，抽不出其他值",
    "column {name}: text is drawn by pattern, so only `missing` can be asked for": (
        "列 {name}：文本按模式抽取，只能要求缺失"
    ),
    "column {name}: no moment that can be drawn lies in the range asked for": (
        "列 {name}：所要求的区间内没有可抽取的时刻"
    ),
    "column {name}: a limit must be an ISO {form}, such as 2024-01-31": "列 {name}：界限须为 ISO {form}，如 2024-01-31",
    "column {name}: no value that can be drawn lies in the range or set asked for; {lie}": (
        "列 {name}：所要求的区间或集合内没有可抽取的值；{lie}"
    ),
    "column {name} changes within a history, so say which of its rows a condition is on: some_row(...), "
    "every_row(...) or at_row(0, ...), written {some}=, {every}= or {first}= on the command line; what an entity is "
    "takes conditions as they are ({names})": (
        "列 {name} 在一段历史中变化，请说明条件针对哪些行：{some}=、{every}= 或 {first}=；个体本身的列（{names}）可直"
        "接设条件"
    ),
    "column {name} tells {whose} apart and is made anew for each, so it takes no condition; put one on what an entity "
    "is ({names}), or go on from known rows with extend (--continue)": (
        "列 {name} 用于区分个体，会另造，不能设条件；请对个体本身的列（{names}）设条件"
    ),
    "of {tried} rows that the model drew, {met} met the conditions (acceptance rate {share}), {why} {wanted}; widen "
    "the conditions, ask for fewer rows, raise max_tries{more}, or train a model that is told these columns "
    "(condition_on)": (
        "模型抽取的 {tried} 行中有 {met} 行满足条件（接受率 {share}），不足 {wanted} 行；请放宽条件或减少行数"
    ),
    "conditions on {names}: of {tried} rows of {table} that the model drew with all that belongs to them, {met} met "
    "them (acceptance rate {share}), too few to give {wanted}; widen the conditions, or ask for fewer rows": (
        "对 {names} 的条件：模型抽取的 {table} 的 {tried} 行（及其所属）中有 {met} 行满足（接受率 {share}），不足 "
        "{wanted} 行；请放宽条件或减少行数"
    ),
    "conditions on {names}: of {tried} histories that the model drew, {met} met them (acceptance rate {share}), too "
    "few to give {wanted}; widen the conditions, ask for fewer entities, or raise max_tries": (
        "对 {names} 的条件：模型抽取的 {tried} 段历史中有 {met} 段满足（接受率 {share}），不足 {wanted}；请放宽条件或"
        "减少个体数"
    ),
    "where names {name}, and is of a column of a table, such as 'users.country'": (
        "条件提到 {name}，而条件须针对表的列，如 'users.country'"
    ),
    "table {table} takes no conditions: its rows, or those they go back to, are kept, given or none; these take some, "
    "with all that goes back to them: {names}": (
        "表 {table} 不能设条件：其行或其归属的行保持原样或没有；可设条件的表：{names}"
    ),
    "rows of table {table} cannot be so many and meet conditions: they are as many as go back to rows of {root} that "
    "meet them; say how many of those there are to be": (
        "表 {table} 的行数由 {root} 中满足条件的行决定；请指明 {root} 的行数"
    ),
    "column {name} of table {table} takes no condition: {why}": "表 {table} 的列 {name} 不能设条件：{why}",
    "column {name} of table {table} is a key and takes no condition: keys are made anew; rows that are to keep theirs "
    "are given (given=)": "表 {table} 的列 {name} 是键，不能设条件：键会另造",
    "rows of table {table} must be a whole number of 1 or more, got {n}": (
        "表 {table} 的行数须为不小于 1 的整数，得到 {n}"
    ),
    "table {table} is {way}, so its rows cannot be so many: leave it out": (
        "表 {table} 保持原样或为空，不能指定行数：请去掉"
    ),
    "a condition of a database names its table: {forms}": "数据库的条件须写明表：{forms}",
}
"""Of conditions, and of rows that meet them."""

BUDGETS = {
    "privacy needs a schema: columns told from the data would be told for free. Infer one, look it through as what "
    "anybody may know, and declare bounds, levels and nullable in it": (
        "差分隐私需要声明：从数据推断的列等于免费告知。请声明各列的上下界、取值与可否缺失"
    ),
    "epsilon must lie between {low} and {high}, got {value}": "epsilon 须在 {low} 与 {high} 之间，得到 {value}",
    "delta must lie between 0 and 1, both excluded, got {value}": "delta 须在 0 与 1 之间（不含），得到 {value}",
    "{what} must be a finite number, got {value}": "{what}须为有限数，得到 {value}",
    "a declaration holds nothing told from the rows, but {names} does": "声明不得含从行中推断的内容，而 {names} 含有",
    "there is no budget {path}, and no total to begin one with: give total=DP(...), or run likewise budget {command}": (
        "尚未设定预算总额：请先在“用途与保护”中开始记账"
    ),
    "{what} protects each {unit}, and this fit would protect each {other}: the two do not add up. Fit with the "
    "budget's unit, or keep a budget of its own for the other": (
        "{what}保护的单位是 {unit}，而本次训练保护的是 {other}：二者不能相加。请采用相同单位，或另记一本账"
    ),
    "{what} does not hold this fit: it asks for epsilon {epsilon} at delta {delta}; of epsilon {total} at delta {all} "
    "in all, {spent} is spent in {n} fits, and about {left} is left for one more model of counts, less for a net. "
    "Nothing was asked of the rows": (
        "{what}不够本次训练：本次要求 epsilon {epsilon}（delta {delta}）；总额 epsilon {total}（delta {all}）中，{n} "
        "次训练已用 {spent}，再训练一个计数模型约剩 {left}（神经网络更少）。没有向各行提出任何询问"
    ),
    "{what} was begun with a total of {total}, got {other}: a total does not change once fits count on it; leave "
    "total out to go on with the file's": "{what}开始时的总额为 {total}，得到 {other}：一旦有训练计入，总额不再改变",
    "{what} is read-only, so no fit may begin or end on it": "{what}只读，不能在其上开始或结束训练",
    "{what} has a second name (a hard link), which would go on as a budget of its own; remove that name, or make it a "
    "symbolic link": "{what}有第二个名称（硬链接），会被当作另一本账；请删去该名称，或改为符号链接",
    "{what} cannot be written to: {kind}; no fit may begin": "{what}无法写入：{kind}；不能开始训练",
    "{what} is held by another process for more than {seconds} seconds; try again, or wait longer (wait=). Nothing "
    "was asked of the rows": "{what}被另一进程占用超过 {seconds} 秒；请重试。没有向各行提出任何询问",
    "{what} cannot be read: {kind}. {how}": "{what}无法读取：{kind}。{how}",
    "{what} is damaged. {how}": "{what}已损坏。{how}",
    "{what} is not a budget": "{what}不是预算文件",
    "{what} is from a newer version of likewise": "{what}来自更新版本的 likewise",
    "{what} is that of data set {name}, not of {other}": "{what}属于数据集 {name}，而非 {other}",
    "{path} is a folder of budgets: name the data set, or give a .json file": (
        "{path} 是预算文件夹：请指明数据集，或给出 .json 文件"
    ),
    "the name of a data set is that of its file in {path} too, got {name}": (
        "数据集的名称须与 {path} 中的文件名相同，得到 {name}"
    ),
    "total must be a likewise.DP or None, got {kind}": "总额须为 likewise.DP 或留空，得到 {kind}",
    "wait must be a number of seconds of 0 or more, got {value}": "等待秒数须不小于 0，得到 {value}",
    "name must be a text or None, got {kind}": "名称须为文本或留空，得到 {kind}",
    "{who} names {column} as the column that tells whose a row is, and the budget protects {what}; give {how}": (
        "{who}指明列 {column} 说明行属于谁，而预算保护的是{what}；请给出 {how}"
    ),
    "column {name}: the budget is too small to find its bounds; declare them in the schema": (
        "列 {name}：预算太小，找不到上下界；请声明上下界"
    ),
    "{n} steps of training do not fit into what is left of epsilon {epsilon}, whatever the noise: ask for fewer "
    "epochs, or use model 'mst' or 'aim'": (
        "剩余的 epsilon {epsilon} 容不下 {n} 步训练；请减少轮数，或改用模型 'mst' 或 'aim'"
    ),
    "under a budget nothing is told from the rows, so the schema must name every column; it lacks {names} (role drop "
    "leaves a column out)": "在预算内不从行中推断任何内容，因此须声明每一列；缺 {names}（角色“不使用”可去掉一列）",
    "model {name} cannot keep differential privacy; those that can: {names}": (
        "模型 {name} 不能保持差分隐私；可用：{names}"
    ),
}
"""Of budgets of differential privacy."""

PROTECTION = {
    "k={k} is more than the {n} rows of the table": "k={k} 大于表的行数 {n}",
    "k={k} is more than the {n} persons of column {name}": "k={k} 大于列 {name} 中的人数 {n}",
    "k_anonymous={k} is more than the {n} {what} to learn from": "k={k} 大于可供学习的 {n} {what}",
    "k_anonymous needs to know the quasi-identifiers: give columns of the schema that role, {how}": (
        "须知道准标识符：请在“列”中把相应列的角色设为准标识符"
    ),
    "name at least one quasi-identifier: a column by which someone could find a person": (
        "请至少指明一个准标识符：可据以找到某人的列"
    ),
    "no recoding found in the time given keeps {promise}: the nearest would suppress {n} of {m} rows, {most} are "
    "allowed; {advice}": (
        "没有在时限内找到能保持 {promise} 的重编码：最接近的须略去 {m} 行中的 {n} 行，而只允许 {most} 行；"
        "请提高级别、放宽 k，或增大可略去的份额"
    ),
    "no recoding keeps {promise}: the nearest would suppress {n} of {m} rows, {most} are allowed; {advice}": (
        "没有能保持 {promise} 的重编码：最接近的须略去 {m} 行中的 {n} 行，而只允许 {most} 行；"
        "请提高级别、放宽 k，或增大可略去的份额"
    ),
    "no recoding can keep {promise}: even the whole table as one class does not. Column {name} reaches {what}; relax "
    "the promise to that, or let rows be suppressed: method='lattice' with max_suppression": (
        "没有重编码能保持 {promise}：整张表作为一类也不行。列 {name} 只能达到 {what}；请放宽，或允许略去行"
    ),
    "column {name}: the levels of its hierarchy are 0 to {height}, got {level}": (
        "列 {name}：其层级为 0 到 {height}，得到 {level}"
    ),
    "column {name}: its hierarchy misses {n} of {m} values ({rows} rows) at step {step}; add them to it": (
        "列 {name}：其层级在第 {step} 级缺少 {m} 个取值中的 {n} 个（{rows} 行）；请补上"
    ),
    "column {name}: its hierarchy is not nested: {n} labels of step {a} fall under more than one label of step {b}": (
        "列 {name}：层级没有嵌套：第 {a} 级的 {n} 个标签归入第 {b} 级的多个标签"
    ),
    "there is no column {name} to drop": "没有可去掉的列 {name}",
    "column {name} tells whose a row is: it is never released, so it cannot be a quasi-identifier or sensitive as "
    "well": ("列 {name} 说明行属于谁：从不发布，因此不能再作准标识符或敏感列"),
    "no row is left to release": "没有可发布的行",
}
"""Of rows that share what could find a person."""

LEARNING = {
    "max_seconds does not go with model {name}, which has no epochs: leave it out": (
        "模型 {name} 没有轮次，不能限定秒数：请留空"
    ),
    "gradients of {what}: a noise multiplier of {x} for about {n} {of} drowns what they say, and little will be "
    "learnt. A larger epsilon or more {more} would help": (
        "{what} 的梯度：约 {n} 个单位而噪声倍数为 {x}，学到的很少；增大 epsilon 或增加数据会有帮助"
    ),
    "there is no row to learn from": "没有可供学习的行",
    "no model {name}; there are: {names}": "没有模型 {name}；可用：{names}",
    "the loss is not a number; lower learning_rate or look for extreme values": "损失不是数：请检查极端值",
    "the weights are not numbers; lower learning_rate": "权重不是数：请降低学习率",
    "no column to compare: all are ids or dropped; give another one the role 'feature'": (
        "没有可比较的列：全是标识符或不使用；请把另一列的角色设为特征"
    ),
    "comparing needs two classes or more of two rows or more each, got {n}, the rarest of {rare} rows{hint}": (
        "比较需要至少两个类、每类至少两行；现有 {n} 个类，最稀有的有 {rare} 行"
    ),
    "the rules {path} cannot be read: {why}": "规则 {path} 无法读取：{why}",
    "the rules {path} are not UTF-8 text": "规则 {path} 不是 UTF-8 文本",
    "the rules are not TOML: {why}": "规则不是 TOML：{why}",
    "the rules: {table} must be a table, such as {form}": "规则：{table} 须为一节，如 {form}",
    "the rules: 'measures' must be a name or a list of names": "规则：'measures' 须为一个名称或名称列表",
    "the rules: {name} must be a column's name": "规则：{name} 须为列名",
    "the rule {name} must hold a test, such as {form}": "规则 {name} 须含一项检验，如 {form}",
    "the rule {name}: {test} must be {what}": "规则 {name}：{test} 须为{what}",
    "{where}: {word} is not among {names}": "{where}：{word} 不在 {names} 之中",
}
"""Of learning, and of what is held to rules."""

TABLES = {
    "there is no table {name}": "没有表 {name}",
    "table {table} has no column {name}": "表 {table} 没有列 {name}",
    "key {key}: there is no table {name}": "键 {key}：没有表 {name}",
    "foreign key {key}: there is no table {name}": "外键 {key}：没有表 {name}",
    "foreign key {key}: {names} is no key of {table}; declare it as its primary key or as unique, or leave the "
    "foreign key out": "外键 {key}：{names} 不是 {table} 的键；请声明为主键或唯一，或去掉该外键",
    "foreign key {key}: write 'orders.user_id -> users.id', or with several columns 'lines(shop, no) -> orders(shop, "
    "no)'; a name with blanks or points stands in double quotes": (
        "外键 {key}：请写成 'orders.user_id -> users.id'，多列写成 'lines(shop, no) -> orders(shop, no)'；含空格或点的"
        "名称须加双引号"
    ),
    "key {key}: write 'users(id)', or with several columns 'lines(shop, no)'": (
        "键 {key}：请写成 'users(id)'，多列写成 'lines(shop, no)'"
    ),
    "foreign key {key}: both sides must name as many columns, one at least": "外键 {key}：两侧的列数须相同，且至少一列",
    "foreign key {key}: a column stands in it twice": "外键 {key}：有一列出现两次",
    "foreign key {key} stands twice": "外键 {key} 重复",
    "root: there is no table {name}": "个人所在的表：没有表 {name}",
    "root: table {name} is kept as it is, and its rows are nobody's secret": (
        "个人所在的表：{name} 保持原样，其行并非秘密"
    ),
    "table {name} stands in one of the schema and the tables; both must name the same": (
        "表 {name} 只在模式与表之一中；两者须一致"
    ),
    "the schema of a database does not hold together: {kind}": "数据库的模式自相矛盾：{kind}",
    "the schema of a database is no JSON": "数据库的模式不是 JSON",
    "this is no schema of a database: its 'format' must be {name}": "这不是数据库的模式：'format' 须为 {name}",
    "the schema of a database is of version {n}, not {m}": "数据库的模式版本为 {n}，而非 {m}",
    "a table of a database says nothing of {name}": "数据库的表没有 {name} 这一项",
    "a budget of a database protects persons, each a row of one table with all rows that go back to it: give {how}": (
        "数据库的预算保护个人，即一张表的一行及归属于它的所有行：请选定个人所在的表，并给出每表计入的行数"
    ),
    "the budget names the root {name}, and the schema {other}": "预算指明的个人所在表是 {name}，而模式中是 {other}",
    "table {name} is kept as it is, and no budget hides what is given away": (
        "表 {name} 保持原样，预算无法隐藏公开的内容"
    ),
    "under differential privacy keys that were found in the rows count for nothing. Say those that anybody may know "
    "of, all of them (--key):{keys}": "差分隐私下，从行中找到的键不算数。请声明任何人都可知道的全部键：{keys}",
    "under differential privacy keys that were found in the rows count for nothing. Say those that anybody may know "
    "of, all of them (--key):": "差分隐私下，从行中找到的键不算数。请声明任何人都可知道的全部键：",
    "table {table} goes back to no row of {root}, so no budget covers it: keep its rows as they are where anybody may "
    "know them (kept=True, --keep), tell the key by which they do, or leave the table out": (
        "表 {table} 不归属于 {root} 的任何行，预算无法涵盖：若其行任何人都可知道，请保持原样；否则声明其键，或去掉该表"
    ),
    "rows of {table} go back to a root by several keys ({names}), and a row has one person: put one of them into its "
    "primary key, or leave the others out": (
        "{table} 的行经多个键（{names}）归属于个人，而一行只属于一人：请把其中一个放入主键，或去掉其余的"
    ),
    "privacy needs a schema of the columns: infer one (lw.infer), look it through as what anybody may know, declare "
    "bounds, levels and nullable in it, and set it as 'columns' of the table's schema": (
        "差分隐私需要各列的声明：请声明上下界、取值与可否缺失"
    ),
    "its schema says nothing of column {name}: declare it, or give it role 'drop', which leaves it out": (
        "列 {name} 未声明：请声明，或将角色设为不使用"
    ),
    "table {name}: rules (checks) of a database do not go with a budget of privacy yet": (
        "表 {name}：数据库的规则（检查）尚不能与预算并用"
    ),
    "{key} points at rows that are made anew, and is not the key by which rows of {table} belong to theirs; within a "
    "budget no such key is learnt yet: leave it out of the keys, and its columns out of the table": (
        "{key} 指向另造的行，却不是 {table} 的归属键；预算内尚不能学习这种键：请去掉该键及其列"
    ),
    "kept tables point at each other in a circle: {names}": "保持原样的表互相成环：{names}",
    "{key}: of a key of several columns all but one must point at other rows, and that one then counts rows, as "
    "within a budget nothing is told from the rows": (
        "{key}：多列键中除一列外都须指向其他行，该列用于计数，因为预算内不从行中推断"
    ),
    "key column {name} of table {table} is stored as {kind}; within a budget keys must be whole numbers or texts, for "
    "how others are read may hang on no row": "表 {table} 的键列 {name} 存为 {kind}；预算内键须为整数或文本",
    "table {table}: {error}": "表 {table}：{error}",
}
"""Of several tables."""

_ALL = STUDIO | RULES | CONDITIONS | BUDGETS | PROTECTION | LEARNING | TABLES | COLUMNS | READING
ERRORS = dict(sorted(_ALL.items(), key=lambda pair: -len(re.sub(r"\{\w+\}", "", pair[0]))))
"""All of them, those that say most first: none hides another that says more."""
