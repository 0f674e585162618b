"""Every sentence of a release sheet, in English and Chinese. Each must be true of the code: change both together."""

from __future__ import annotations

# Items of the checklist, by part of NIST SP 800-226 (Near, Darais, Lefkovitz and Howarth 2025): the guarantee itself,
# how it is reached, how it is used.
PARTS: dict[str, tuple[str, ...]] = {
    "guarantee": (
        "parameters", "delta", "variant", "unit", "adjacency", "contributions", "kept", "given", "identifiers",
        "shared", "knowledge", "releases", "mixing",
    ),
    "method": ("looks", "public", "tuning", "postprocessing", "accuracy", "groups", "pictures"),
    "use": (
        "queries", "trust", "numbers", "randomness", "timing", "failure", "audit", "attacks", "security", "collection",
    ),
}  # fmt: skip

TITLES: dict[str, tuple[str, str]] = {
    "parameters": ("Strength of the promise", "承诺的强度"),
    "delta": ("Size of delta", "δ 的大小"),
    "variant": ("Kind of differential privacy", "差分隐私的类型"),
    "unit": ("Unit of privacy", "隐私单位"),
    "adjacency": ("Neighbouring tables", "相邻数据集"),
    "contributions": ("Bounds on what one unit contributes", "单位贡献的上限"),
    "kept": ("What few rows hold", "少数行所含的内容"),
    "given": ("Tables given away as they are", "原样给出的表"),
    "identifiers": ("Identifiers", "标识符"),
    "shared": ("Quasi-identifiers", "准标识符"),
    "knowledge": ("What the other side may know", "对方可能知道什么"),
    "releases": ("Composition over releases", "多次发布的合成"),
    "mixing": ("Releases without a budget", "不受预算约束的发布"),
    "looks": ("Mechanisms, and whether they are right", "机制及其正确性"),
    "public": ("What is taken as public", "被视为公开的内容"),
    "tuning": ("Settings chosen on the data", "依据数据选取的设置"),
    "postprocessing": ("Post-processing", "后处理"),
    "accuracy": ("Accuracy", "准确性"),
    "groups": ("Small groups", "小群体"),
    "pictures": ("Who is in a picture", "图像中有谁"),
    "queries": ("Query model", "查询方式"),
    "trust": ("Trust model", "信任模型"),
    "numbers": ("Floating point", "浮点数"),
    "randomness": ("Source of randomness", "随机性来源"),
    "timing": ("Timing and other side channels", "时间及其他侧信道"),
    "failure": ("Errors and warnings", "错误与警告"),
    "audit": ("Audit of the promise", "对承诺的审计"),
    "attacks": ("Attacks", "攻击"),
    "security": ("Security of the data", "数据安全"),
    "collection": ("Collecting the data", "数据收集"),
}

SENTENCES: dict[str, tuple[str, str]] = {
    # ---- units -------------------------------------------------------------------------------------------------------
    "unit_row": ("row", "一行"),
    "unit_image": ("image", "一张图像"),
    "unit_entity": (
        "entity of column {entity} with at most {m} rows",
        "列 {entity} 的一个实体（至多 {m} 行）",
    ),
    "unit_history": (
        "entity of column {entity} with its whole history",
        "列 {entity} 的一个实体（连同其全部历史）",
    ),
    "unit_root": (
        "row of table {root} with all rows that go back to it",
        "表 {root} 的一行（连同归属于它的所有行）",
    ),
    # ---- the guarantee -----------------------------------------------------------------------------------------------
    "parameters": (
        "Epsilon {epsilon}, delta {delta}, for one {unit} more or less. If a coin decides whether one {unit} is in the "
        "table, whoever sees the model and all that is drawn from it guesses the coin right in at most {guess} % of "
        "cases, whatever else they know; without a look, in 50 %.",
        "ε = {epsilon}，δ = {delta}，针对增减{unit}。若以抛硬币决定{unit}是否在表中，"
        "则看到模型及其抽出的一切者，无论另外知道什么，猜对硬币的机会至多 {guess} %；不看则为 50 %。",
    ),
    "parameters_weak": (
        "At this epsilon the bound alone would let nearly every such guess be right.",
        "在这样的 ε 下，仅凭此上限，几乎每次猜测都可能猜对。",
    ),
    "parameters_none": (
        "There is no budget and so no mathematical promise: what the model tells of one person is not bounded. What "
        "there is instead are the rules below, and attacks that were tried or were not.",
        "没有预算，因此没有数学上的承诺：模型透露某个人多少信息并无上限。取而代之的只有下列规则，"
        "以及做过或没有做过的攻击。",
    ),
    "parameters_rows": (
        "Kept by the released rows, as counted again on the finished table: {promise}. The smallest class holds {k} "
        "{counted}; who knows a person to be in the table finds the right row with a chance of at most {most} %, on "
        "average {mean} %. This is no differential privacy: it holds against the columns named, and no others.",
        "在最终的表上重新清点后，发布的行满足：{promise}。最小的类含 {k} {counted}；知道某人在表中者，"
        "找到其所在行的机会至多 {most} %，平均 {mean} %。这不是差分隐私：它只针对所列的列成立，不及其他列。",
    ),
    "delta": (
        "Delta times the number of rows, about {n}, is {product}: how many units could be shown whole within delta, "
        "in the worst case. Far below 1 is asked for; many ask for delta below one over the square of the rows.",
        "δ 乘以行数（约 {n}）为 {product}：最坏情况下，δ 之内可能被完整暴露的单位数。应远小于 1；"
        "不少建议要求 δ 小于行数平方的倒数。",
    ),
    "variant": (
        "(Epsilon, delta), also called approximate.",
        "(ε, δ)，亦称近似差分隐私。",
    ),
    "variant_rho": (
        "Costs of counts and choices are added up in Gaussian differential privacy (mu^2 / 2 = {rho} for one {unit}).",
        "计数与选择的代价以高斯差分隐私累加（{unit} μ²/2 = {rho}）。",
    ),
    "variant_steps": (
        "The losses of the steps of training are composed as distributions: {steps} steps, each row in one with "
        "chance {rate}, noise {noise} times the norm to which a gradient is cut.",
        "训练各步的损失以分布合成：{steps} 步，每行以 {rate} 的机会参与一步，噪声为梯度截断范数的 {noise} 倍。",
    ),
    "unit_is_row": (
        "One row. A person who has k rows is protected less: the bound for them is at least k times epsilon. Say "
        "whether each person has one row only.",
        "一行。拥有 k 行的人受到的保护更弱：其上限至少为 k 倍 ε。请说明是否每人只有一行。",
    ),
    "unit_is_image": (
        "One image. A person who has k images is protected less: the bound for them is at least k times epsilon. Say "
        "whether each person has one image only.",
        "一张图像。拥有 k 张图像的人受到的保护更弱：其上限至少为 k 倍 ε。请说明是否每人只有一张。",
    ),
    "unit_is_entity": (
        "All rows of one entity, as column {entity} tells them apart.",
        "同一实体的所有行，实体由列 {entity} 区分。",
    ),
    "unit_is_root": (
        "A row of table {root} with all rows that go back to it, in the tables {names}. A person who has several rows "
        "in {root} is protected less.",
        "表 {root} 的一行，连同各表（{names}）中归属于它的所有行。在 {root} 中有多行的人受到的保护更弱。",
    ),
    "unit_roots": (
        "Rows go back to roots by keys: {roots}. The rules below count roots, and all rows of one, in all tables, are "
        "learnt or held out together.",
        "各行按键归属于其根：{roots}。下列规则按根计数；同一个根在各表中的所有行一同学习或一同留出。",
    ),
    "root_line": ("to {root} those of {names}", "归属于 {root} 的有 {names}"),
    "unit_roots_yours": (
        "Nothing tells that the roots of {names} are people: say whether a person can have several. Name the table of "
        "people (root=, --root) where they have.",
        "没有信息表明 {names} 的根是人：请说明一人能否有多个。若能，请指明人所在的表（root=、--root）。",
    ),
    "unit_rules": (
        "The rules below count rows. A person who has {m} rows or more passes them alone.",
        "下列规则按行计数。一个人若有 {m} 行或更多，独自即可满足这些规则。",
    ),
    "unit_counted": (
        "Entities, as column {entity} tells them apart: the rules below count them, and all rows of one are learnt or "
        "held out together.",
        "实体，由列 {entity} 区分：下列规则按实体计数，同一实体的所有行一同学习或一同留出。",
    ),
    "unit_classes": (
        "Classes count rows. A person who has several rows may fill a class alone: say whether each person has one.",
        "各类按行计数。有多行的人可能独占一类：请说明是否每人只有一行。",
    ),
    "unit_classes_counted": (
        "Classes count persons, as column {entity} tells them apart; that column is left out.",
        "各类按人计数，人由列 {entity} 区分；该列不公布。",
    ),
    "adjacency": (
        "Neighbouring tables differ by one {unit} more or less, so the number of rows is covered too: the model file "
        "and this sheet hold a noisy count of them, about {n}.",
        "相邻数据集相差{unit}的增减，因此行数也在保护之内：模型文件和本说明只含带噪声的行数，约 {n}。",
    ),
    "contributions_row": (
        "One {unit} counts once in each table of counts.",
        "{unit}在每个频数表中只计一次。",
    ),
    "contributions_entity": (
        "Of each entity {m} rows are learnt from at most, chosen by chance, and all noise is sized for {m}.",
        "每个实体至多学习 {m} 行，随机选取，所有噪声均按 {m} 行设定。",
    ),
    "contributions_history": (
        "Of each entity the first {m} rows are looked at. One of them, by chance, is what the entity counts by; their "
        "gradients are added up and cut once.",
        "每个实体只查看最前的 {m} 行：计数时随机取其中一行代表该实体；各行的梯度先相加，再整体截断一次。",
    ),
    "contributions_root": (
        "Of each root the first {m} rows of every table that goes back to it are looked at. In each such table one of "
        "them, by chance, is what the root counts by; in each step the gradients of its rows are added up and cut "
        "once.",
        "每个根在归属于它的各表中只查看最前的 {m} 行：计数时随机取各表中的一行代表该根；"
        "在训练的每一步中，其各行的梯度先相加，再整体截断一次。",
    ),
    "contributions_clip": (
        "The gradient of one {unit} is cut to a norm of {clip}.",
        "{unit}的梯度被截断至范数 {clip}。",
    ),
    "contributions_bounds": (
        "A number or date beyond the declared bounds counts as the bound.",
        "超出声明范围的数值或日期按边界计。",
    ),
    "kept": (
        "A level, a frequent value or the form of a text is kept when {m} {counted} or more have it; a range ends at "
        "the mean of the {m}th to the {last}th smallest and largest values, each of another. Declared bounds and "
        "levels are kept as declared.",
        "取值、常见值或文本格式须由至少 {m} {counted}拥有才会保留；"
        "数值范围止于不同者的第 {m} 至第 {last} 小（大）值的平均。模式中声明的范围与取值按声明保留。",
    ),
    "members_rows": ("rows", "行"),
    "members_persons": ("persons", "人"),
    "counted_rows": ("rows", "行"),
    "counted_entities": ("entities", "个实体"),
    "counted_roots": ("roots", "个根"),
    "kept_nothing": (
        "No column is learnt: nothing but keys is made.",
        "没有学习任何列：只生成键。",
    ),
    "kept_links": (
        "So are how many rows point at a row, and which rows go together by keys.",
        "每行被多少行指向、哪些行由键相连，也是如此。",
    ),
    "given": (
        "Every row of {names} is in the model file, and in what is drawn from it, as it is. Say that anybody may have "
        "them.",
        "{names} 的每一行都原样存于模型文件中，也出现在抽出的数据中。请说明任何人都可以拥有这些行。",
    ),
    "kept_not": (
        "Nothing: the rule that keeps what few rows hold from being told was switched off.",
        "没有：避免透露少数行内容的规则已被关闭。",
    ),
    "kept_images": (
        "Pixels are learnt as they are, and every label is kept, however few images bear it.",
        "像素按原样学习；无论带有某标签的图像多么少，该标签都会保留。",
    ),
    "kept_law": (
        "Which values go together is learnt from all rows, with no such rule.",
        "哪些值一同出现则从所有行学得，没有此类规则。",
    ),
    "identifiers": (
        "Never learnt, made anew: {names}.",
        "从不学习，重新生成：{names}。",
    ),
    "shared": (
        "The model was told {names} only so that {k} rows share each combination. Rows drawn may combine what no row "
        "combines.",
        "模型所见的 {names} 只细到每种组合由 {k} 行共有。抽出的行可能出现任何一行都没有的组合。",
    ),
    "knowledge": (
        "Nothing is promised about who knows other columns than {names}, another release of the same people, or how "
        "the rows were made. Columns told as they are: {others}.",
        "对于知道 {names} 以外的列、同一批人的另一次发布或制作方式的人，不作任何承诺。按原样公布的列：{others}。",
    ),
    "releases": (
        "Not counted here. This sum is of one fit: every other model, table or figure made from the same people adds "
        "to it, fits that failed or were thrown away among them. Keep one account of all of them (likewise.Budget).",
        "此处未计。这一总和只针对一次拟合：由同一批人得出的其他模型、表或数字都会增加它，"
        "失败的或弃用的拟合也算在内。请对全部发布统一记账（likewise.Budget）。",
    ),
    "releases_counted": (
        "Fits of these data in the budget {name}: {fits}. Together they have spent epsilon {spent} at most, at delta "
        "{delta}, and epsilon {epsilon} is all that they may. What was made without that file is not counted.",
        "预算 {name} 列有对这些数据的 {fits} 次拟合：合计至多用去 ε = {spent}（δ = {delta}），全部可用 ε = {epsilon}。"
        "未经该文件所作的发布不计在内。",
    ),
    "releases_unbounded": (
        "Not counted: nothing bounds what several releases about the same people tell together.",
        "未计：没有什么能限制关于同一批人的多次发布合起来透露多少。",
    ),
    "mixing": (
        "Figures taken from the rows without noise, such as a report of fidelity, lie outside the promise: keep them "
        "with the table.",
        "未加噪声而取自真实行的数字（例如保真度报告）不在承诺之内：请与原表一同保管。",
    ),
    "mixing_here": (
        "This sheet shows such figures: its attacks were measured on real rows, without noise. It is for whoever holds "
        "the table; to give it away, make it anew without the report.",
        "本说明就含有此类数字：其中的攻击是在真实行上、未加噪声测得的。它只供持有原表者使用；"
        "若要对外提供，请不带报告重新生成。",
    ),
    # ---- how it is reached -------------------------------------------------------------------------------------------
    "looks": (
        "{n} entries in the ledger below, each written before its look at the rows; the sum is taken anew whenever the "
        "file is loaded.",
        "下方账本共 {n} 条，每条在查看数据之前写入；每次载入文件都会重新求和。",
    ),
    "looks_tested": (
        "Faults that broke other libraries' promises are planted in the tests of likewise, which must catch them. No "
        "outside body has reviewed or certified the code.",
        "曾使其他软件承诺失效的错误被植入 likewise 的测试，测试必须发现它们。代码未经外部机构审查或认证。",
    ),
    "public": (
        "Columns, kinds, formats, bounds, levels and whether cells may be missing, as the schema declares them: the "
        "table of columns below. They are taken for what anybody may know. That they were not read off the rows is for "
        "whoever declared them to say.",
        "列、类型、格式、范围、取值以及是否允许缺失，均按模式声明：见下方各列。它们被视为任何人都可知道的内容。"
        "它们并非取自数据，这一点须由声明者确认。",
    ),
    "public_paid": (
        "Paid for out of the budget instead: {what}.",
        "改由预算支付的：{what}。",
    ),
    "pay_levels": ("levels", "取值"),
    "pay_bounds": ("bounds", "范围"),
    "pay_missing": ("whether cells may be missing", "是否允许缺失"),
    "tuning": (
        "likewise chose none: model and options are settled before the rows are looked at, nothing stops early and no "
        "best state is picked. If several settings were fitted and the best kept, each of those fits counts.",
        "likewise 未作此类选择：模型与选项在查看数据之前已定，不提前停止，也不挑选最佳状态。"
        "若曾拟合多种设置而保留最好的一种，则每次拟合都要计入。",
    ),
    "postprocessing": (
        "Rows drawn from the model, however many and under whatever conditions, and all that is computed from them and "
        "from the model alone, cost nothing more.",
        "从模型抽出的行，无论多少、在何种条件下，以及仅由它们和模型算出的一切，都不再增加代价。",
    ),
    "accuracy": (
        "Each noisy count is off by a standard deviation of {least} to {most} rows.",
        "每个带噪声计数的标准差为 {least} 至 {most} 行。",
    ),
    "accuracy_one": (
        "Each noisy count is off by a standard deviation of {least} rows.",
        "每个带噪声计数的标准差为 {least} 行。",
    ),
    "accuracy_columns": (
        "What is drawn is {distance} apart from the noisy tables of single columns ({n}), on average, where noise "
        "alone makes {noise}; {beyond} lie beyond the noise.",
        "所抽内容与单列带噪声表（{n} 个）的平均差距为 {distance}，仅噪声为 {noise}；{beyond} 个超出噪声。",
    ),
    "accuracy_pairs": (
        "From those of pairs of columns ({n}) it is {distance} apart, where noise alone makes {noise}; {beyond} lie "
        "beyond it.",
        "与列对（{n} 个）的平均差距为 {distance}，仅噪声为 {noise}；{beyond} 个超出噪声。",
    ),
    "groups": (
        "Noise weighs most on what few rows hold, so small groups are told least well. Compare groups before anything "
        "is decided about them.",
        "噪声对少数行所含的内容影响最大，因此小群体反映得最差。在作出涉及某群体的决定之前，请先比较各群体。",
    ),
    "groups_plain": (
        "What few rows hold is learnt least well, or left out. Compare groups before anything is decided about them.",
        "少数行所含的内容学得最差，或被略去。在作出涉及某群体的决定之前，请先比较各群体。",
    ),
    "groups_rows": (
        "Rows of small groups are told most coarsely, or suppressed ({n} rows are). Compare groups before anything is "
        "decided about them.",
        "小群体的行公布得最粗，或被隐去（共 {n} 行）。在作出涉及某群体的决定之前，请先比较各群体。",
    ),
    "pictures": (
        "The promise counts pictures. A picture may show more people than the one whose it is, and its size, channels "
        "and range of pixels are taken as public.",
        "承诺按图像计数。一张图像可能显示所属者以外的人；图像的尺寸、通道与像素范围被视为公开。",
    ),
    # ---- how it is used ----------------------------------------------------------------------------------------------
    "queries": (
        "Everything is asked within one fit, and nobody asks the rows afterwards: the table may be locked away.",
        "一切提问都在一次拟合之内完成，之后无人再查询原始行：原表可以封存。",
    ),
    "trust_budget": (
        "Central: who runs the fit holds the rows and is trusted with them. The promise holds against whoever gets the "
        "model or rows drawn from it, not against who holds the table.",
        "集中式：执行拟合者持有原始行并受到信任。承诺针对获得模型或所抽行的人成立，不针对持有原表的人。",
    ),
    "trust": (
        "Central: who runs likewise holds the rows and is trusted with them.",
        "集中式：运行 likewise 者持有原始行并受到信任。",
    ),
    "numbers_counts": (
        "Counts are whole numbers and get normal noise rounded to whole numbers; how far its draws are from exact is "
        "accounted for.",
        "计数为整数，所加噪声为取整的正态噪声；其抽取与精确之差已计入。",
    ),
    "numbers_choices": (
        "Choices are drawn exactly (opendp); the scores they are made from are computed in 64 bits, and the rounding "
        "of these is not accounted for.",
        "选择为精确抽取（opendp）；其所依据的分数以 64 位计算，其舍入误差未计入。",
    ),
    "numbers_steps": (
        "Sums of gradients are rounded to a grid in 64 bits and get whole-number noise on it. Up to 1,024 gradients "
        "are added in 32 bits before that; a margin covers what was measured of it, which is no proof.",
        "梯度之和以 64 位取整到网格，再加网格上的整数噪声。此前至多 1,024 个梯度以 32 位相加；"
        "余量涵盖所测得的误差，但并非证明。",
    ),
    "randomness": (
        "Noise comes from the operating system's randomness; no seed of the user reaches it, and none is stored.",
        "噪声取自操作系统的随机源；用户的种子不影响它，也不存储任何种子。",
    ),
    "randomness_steps": (
        "What each row of a step gets of its own, such as the noise of its latents, comes from PyTorch's generator "
        "under a new key from the operating system at each step; it hides nothing, but is not cryptographic.",
        "训练中每行自有的随机量（如潜变量噪声）来自 PyTorch 的生成器，每步由操作系统给出新密钥；"
        "它不用于隐藏信息，但并非密码学生成器。",
    ),
    "timing": (
        "How long a fit takes, and how much memory and power, depends on the rows and is not covered. The model file "
        "holds no times. Let no one who is not trusted with the table watch the fit.",
        "拟合耗时、内存与电量取决于数据，不在保护之内。模型文件不含时间。不要让无权接触原表者观察拟合过程。",
    ),
    "failure": (
        "That a fit was possible, and what its warnings and errors said, is not covered. Keep them with the table.",
        "拟合能否完成，以及其警告与错误内容，不在保护之内。请与原表一同保管。",
    ),
    "audit_none": (
        "No audit of the promise is part of this sheet. One can disprove the promise and never prove it; it uses no "
        "real row and costs nothing.",
        "本说明不含审计。审计能够推翻承诺，但永远不能证明它；审计不使用任何真实行，也没有代价。",
    ),
    "audit": (
        "An attacker who {threat} found epsilon to be {found} at least, with {confidence} % confidence, where "
        "{claimed} is claimed. Such an audit can disprove the promise and never prove it.",
        "攻击者（{threat}）以 {confidence} % 的置信度发现 ε 至少为 {found}，所声明的为 {claimed}。"
        "此类审计能够推翻承诺，但永远不能证明它。",
    ),
    "audit_broken": (
        "An attacker who {threat} found epsilon to be {found} at least, with {confidence} % confidence: more than the "
        "{claimed} that is claimed. The promise does not hold.",
        "攻击者（{threat}）以 {confidence} % 的置信度发现 ε 至少为 {found}，超过所声明的 {claimed}。承诺不成立。",
    ),
    "attacks_none": (
        "No attack is part of this sheet: nobody has tried, as far as it tells, to learn of a person from the release.",
        "本说明不含任何攻击：就其所载，没有人尝试过从发布内容得知某个人的信息。",
    ),
    "attacks": (
        "{n} figures of attacks stand below; {found} of them show more than fresh real data would. An attack that "
        "finds nothing proves nothing.",
        "下方列有 {n} 项攻击结果，其中 {found} 项显示出多于新的真实数据所会显示的内容。一无所获的攻击不能证明什么。",
    ),
    "security": (
        "likewise reads the table where it lies and sends nothing anywhere; a model file holds no row and can run no "
        "code. Who may read the table, and the machine it is on, is yours to guard. Hand over the saved file, not the "
        "fitted object.",
        "likewise 在原处读取数据表，不向任何地方发送；模型文件不含任何行，也不能执行代码。"
        "谁可以读取原表及其所在机器，由您把守。请交出保存的文件，而不是内存中的对象。",
    ),
    "security_rows": (
        "likewise reads the table where it lies and sends nothing anywhere. Who may read the table, and the machine it "
        "is on, is yours to guard.",
        "likewise 在原处读取数据表，不向任何地方发送。谁可以读取原表及其所在机器，由您把守。",
    ),
    "collection": (
        "Whatever is released, the rows were collected: whether that was needed, and what of them must be deleted, is "
        "yours to answer.",
        "无论发布什么，数据已经收集：是否有必要收集、哪些必须删除，由您回答。",
    ),
    # ---- open risks --------------------------------------------------------------------------------------------------
    "risk_no_promise": (
        "Nothing bounds what is told of one person. A person unlike all others, or one whose row the model has learnt "
        "by heart, may be recognised.",
        "没有什么能限制关于某个人透露的信息。与众不同者，或其行被模型记住者，可能被认出。",
    ),
    "risk_leaves": (
        "Each tree draws from leaves of few rows, so that real rows come up again more often than by chance.",
        "每棵树从少数几行构成的叶中抽取，因此真实行重现的次数多于偶然。",
    ),
    "risk_unprotected": (
        "Values that few rows hold were kept as they are.",
        "少数行所含的值按原样保留。",
    ),
    "risk_several_promised": (
        "Who is in the data several times is protected less than the promise for one {unit} says.",
        "在数据中出现多次的人所受保护弱于对{unit}的承诺。",
    ),
    "risk_several_counted": (
        "A person with several rows may meet alone what is asked of several people.",
        "拥有多行的人可能独自满足本应由多人满足的条件。",
    ),
    "risk_weak": (
        "Epsilon is so large that the bound by itself protects next to nothing.",
        "ε 过大，该上限本身几乎不起保护作用。",
    ),
    "risk_delta": (
        "Delta is large for so few rows.",
        "相对于如此少的行数，δ 过大。",
    ),
    "risk_broken": (
        "An audit found more than the promise allows.",
        "一次审计发现了超出承诺所允许的内容。",
    ),
    "risk_alarms": (
        "These attacks found more than in fresh real data: {names}.",
        "以下攻击所得多于在新的真实数据上所得：{names}。",
    ),
    "risk_untried": (
        "No attack was made.",
        "没有做过攻击。",
    ),
    "risk_exact": (
        "This sheet holds figures taken from real rows without noise.",
        "本说明含有未加噪声而取自真实行的数字。",
    ),
    "risk_chance": (
        "A row that is drawn may equal a real one, by chance or because many people share it; who finds their own "
        "cells in it will not believe in chance.",
        "抽出的行可能与某真实行相同，或因巧合，或因许多人相同；在其中看到自己数据的人不会相信巧合。",
    ),
    "risk_near": (
        "An image that is drawn may be near to a real one; who finds their own in it will not believe in chance.",
        "抽出的图像可能与某真实图像相近；在其中看到自己图像的人不会相信巧合。",
    ),
    "risk_statistics": (
        "What holds of people in general is told, and is meant to be: it may be used against a person who was never in "
        "the table.",
        "关于人群整体的规律会被透露，这正是目的所在：它也可能被用于不利于从未在表中的人。",
    ),
    "risk_knowledge": (
        "Who knows more of a person than the quasi-identifiers named may find the row.",
        "对某人的了解超出所列准标识符者，可能找到其所在行。",
    ),
    "risk_marked": (
        "The checklist marks {open} items as not covered, {partly} as covered in part, and leaves {yours} to you.",
        "核对表中有 {open} 项未涵盖，{partly} 项部分涵盖，{yours} 项留待您回答。",
    ),
    # ---- text for an assessment --------------------------------------------------------------------------------------
    "dpia_description": (
        "[Controller, purpose and legal basis: to be filled in.] From a table of about {n} rows a statistical model "
        "({method}) was made with likewise {version}; what is given away is [the model, or rows drawn from it]. Rows "
        "drawn are made up: none is copied on purpose, and one may equal a real row.",
        "［控制者、目的与法律依据：待填。］由一张约 {n} 行的表，用 likewise {version} 得到统计模型（{method}）；"
        "对外提供的是［模型，或从中抽出的行］。抽出的行是虚构的：不会有意复制任何一行，但可能与某真实行相同。",
    ),
    "dpia_description_database": (
        "[Controller, purpose and legal basis: to be filled in.] From a database of {tables} tables, about {n} rows "
        "{of}, a statistical model ({method}) was made with likewise {version}; what is given away is [the model, or a "
        "database drawn from it]. Rows drawn are made up, but for tables that are kept: none is copied on purpose, and "
        "one may equal a real row.",
        "［控制者、目的与法律依据：待填。］由一个含 {tables} 张表的数据库（{of}约 {n} 行），用 likewise {version} "
        "得到统计模型（{method}）；对外提供的是［模型，或从中抽出的数据库］。除原样保留的表外，抽出的行是虚构的："
        "不会有意复制任何一行，但可能与某真实行相同。",
    ),
    "of_all": ("in all", "合计"),
    "of_roots": ("of table {root}", "表 {root} "),
    "dpia_description_images": (
        "[Controller, purpose and legal basis: to be filled in.] From about {n} images a statistical model ({method}) "
        "was made with likewise {version}; what is given away is [the model, or images drawn from it]. Images drawn "
        "are made up: none is copied on purpose, and one may be near to a real image.",
        "［控制者、目的与法律依据：待填。］由约 {n} 张图像，用 likewise {version} 得到统计模型（{method}）；"
        "对外提供的是［模型，或从中抽出的图像］。抽出的图像是虚构的：不会有意复制任何一张，但可能与某真实图像相近。",
    ),
    "dpia_description_rows": (
        "[Controller, purpose and legal basis: to be filled in.] The {n} rows of a table were made coarser with "
        "likewise {version} ({method}); what is given away are these rows, each of a real person.",
        "［控制者、目的与法律依据：待填。］一张表的 {n} 行用 likewise {version} 变粗（{method}）；"
        "对外提供的就是这些行，每一行都属于真实的人。",
    ),
    "dpia_columns": ("Columns used: {names}.", "所用的列：{names}。"),
    "dpia_made_anew": ("Made anew, never learnt: {names}.", "重新生成、从不学习：{names}。"),
    "dpia_left_out": ("Left out: {names}.", "舍弃：{names}。"),
    "dpia_need": (
        "[Why the purpose cannot be reached with fewer columns, fewer people or figures alone: to be filled in.]",
        "［为何不能以更少的列、更少的人或仅凭统计数字达到目的：待填。］",
    ),
    "dpia_risks": (
        "Considered are the three risks of Opinion 05/2014 of the Article 29 Working Party: that a person is singled "
        "out, that records of one person are linked, and that something is inferred about one.",
        "考虑第 29 条工作组第 05/2014 号意见所列的三种风险：将个人单独识别出来、将同一人的记录关联起来、"
        "推断出有关某人的信息。",
    ),
    "dpia_bounded": (
        "For each of them what the release adds is bounded, for one {unit}, by epsilon {epsilon} and delta {delta}, "
        "whatever else an attacker knows. Inference about people in general is not bounded, and cannot be.",
        "对每一种风险，发布所增加的部分就{unit}而言以 ε = {epsilon}、δ = {delta} 为限，"
        "无论攻击者另外知道什么。针对人群整体的推断没有上限，也不可能有。",
    ),
    "dpia_unbounded": (
        "None of them is bounded; they can only be tried.",
        "三者均无上限，只能加以尝试。",
    ),
    "dpia_classes": (
        "Singling out by the columns {names} is bounded: {promise}. Linkage by other columns is not bounded.",
        "凭列 {names} 的单独识别有上限：{promise}。凭其他列的关联没有上限。",
    ),
    "dpia_measures": (
        "Covered by the software, as the checklist tells: {held}.",
        "由软件涵盖（见核对表）：{held}。",
    ),
    "dpia_residual": (
        "Not covered, or in part: {open}. To be answered here by the controller: {yours}.",
        "未涵盖或部分涵盖：{open}。须由控制者在此回答：{yours}。",
    ),
    "law_gdpr": (
        "Whether what is given away is personal data (GDPR, recital 26) is not decided by this sheet. Where a high "
        "risk remains, Article 36 asks for the supervisory authority first.",
        "对外提供的内容是否属于个人数据（GDPR 序言第 26 条），本说明不作判断。若仍存在高风险，"
        "第 36 条要求事先咨询监管机构。",
    ),
    "law_hipaa": (
        "HIPAA: this sheet is no determination under 45 CFR 164.514(b). It may serve the expert of paragraph (b)(1); "
        "for (b)(2) the columns above must be held against the list of identifiers, dates and places among them.",
        "HIPAA：本说明不构成 45 CFR 164.514(b) 下的认定。它可供 (b)(1) 所指的专家使用；"
        "就 (b)(2) 而言，须将上述各列与其标识符清单（包括日期与地点）逐一核对。",
    ),
    "law_pipl": (
        "PIPL of China: Articles 55 and 56 ask for an impact assessment, kept for three years, before sensitive "
        "personal information is handled, or any is provided to others, made public or sent abroad. Whether Article "
        "73(4) is met is not decided by this sheet.",
        "中国《个人信息保护法》：处理敏感个人信息，或向他人提供、公开、向境外提供个人信息之前，"
        "第五十五条、第五十六条要求进行个人信息保护影响评估，报告至少保存三年。"
        "是否达到第七十三条第（四）项的标准，本说明不作判断。",
    ),
}
