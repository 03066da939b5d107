"""The demo's topics: the words by which each is recognised, and what it is called."""

import re
from dataclasses import dataclass

from chat_app.demo.language import Language


@dataclass(frozen=True)
class Topic:
    """`name` is its key in prose/; `labels` are how it is offered, one for each language."""

    name: str
    words: re.Pattern[str]
    labels: dict[Language, str]


def _topic(name: str, english: str, chinese: str, *labels: str) -> Topic:
    # Not \b: to a regular expression a Chinese character is a letter, and “SSE是” one word.
    words = re.compile(rf"(?<![a-z0-9_])(?:{english})(?![a-z0-9_])|{chinese}", re.IGNORECASE)
    return Topic(name, words, dict(zip(Language, labels, strict=False)))


# What a person wants done, whatever else the message mentions.
REQUESTS = (
    _topic(
        "repeat",
        r"repeat|say (?:it|that) again|echo|once more",
        "重[複复]|再[說说]一[次遍]|[複复]述",
    ),
    _topic(
        "summary",
        r"summar(?:y|ies|i[sz]e[sd]?|i[sz]ing)|recap|what (?:did|have) i (?:say|said|ask(?:ed)?)",
        "[總总][結结]|摘要|概括|我[問问說说][過过了]?什[麼么]",
    ),
    _topic(
        "long",
        r"(?:long|longer|lengthy) (?:answer|text|story|message|essay|reply|article|post|one)"
        r"|(?:something|anything|it) (?:very |really )?long(?:er)?|essay|in (?:full |great )?detail"
        r"|at length|everything about|full tour|grand tour|\d{3,} words",
        "[長长](?:文|篇|一[點点])|很[長长]|[詳详][細细]|完整[介導导]|作文|文章",
    ),
    _topic(
        "identity",
        r"who(?:'s| are| r| is) (?:you|u|this)|what(?:'s| are| is) (?:you|your name)"
        r"|are you (?:an? |the )?(?:real|human|ai|bot|robot|person|demo|gpt|chat ?gpt|claude|llm"
        r"|language model|model|machine)|(?:which|what) (?:\w+ )?model|who (?:made|wrote|built) you"
        r"|introduce yourself|(?:is|what is) (?:this|it|the|this a|it a) demo|holdfast.demo",
        "[你您](?:是|叫)(?:[誰谁什]|真|人|不是|AI|GPT|[機机]器|哪)|[什哪][麼么个個](?:[語语]言)?模型"
        "|自我介[紹绍]|[機机]器人|演示[嗎吗是]|示[範范][嗎吗是]",
    ),
)

SUBJECTS = (
    _topic(
        "streaming",
        r"stream\w*|sse|server.sent|events?|resum\w*|reconnect\w*|last.event.id|token by token"
        r"|replay\w*|drop(?:s|ped)?|disconnect\w*|offline|connection|reload\w*|journal",
        "串流|流式|流[傳传][輸输]|[斷断][線线][開开]?|[斷断][開开]|重[連连]|[續续][傳传]|逐字|重新[載加][入载]",
        "streaming", "串流", "流式传输",
    ),
    _topic(
        "mentions",
        r"mention\w*|handles?|reply.mode|@ ?mention\w*|ping (?:an? )?agent",
        "提及|提到|艾特",
        "@mentions", "@提及", "@提及",
    ),
    _topic(
        "channels",
        r"channels?|rooms?|conversations?|history|messages?|search\w*|regenerate|edit|members? of",
        "[頻频]道|聊天室|[訊消][息]|[歷历]史|搜[尋索]",
        "channels", "頻道", "频道",
    ),
    _topic(
        "agents",
        r"agents?|system prompts?|greetings?|persona\w*|temperature|assistants?|max.tokens",
        "代理(?!伺|服)|智能[體体]|提示[詞词]|助[手理]",
        "agents", "代理", "智能体",
    ),
    _topic(
        "providers",
        r"providers?|openai(?:\w+)?|api.?keys?|base.?url|keys?|real (?:ai |language )?models?"
        r"|(?:another|other|own|local|different|connect \w*|use \w*|add \w*) models?|models?"
        r"|llms?|gpt\S*|ollama|vllm|llama\S*|claude|gemini|mistral|anthropic|endpoints?",
        "供[應应]商|提供[商者]|金[鑰钥]|密[鑰钥]|模型|端[點点]",
        "connecting a real model", "連接真正的模型", "连接真正的模型",
    ),
    _topic(
        "api",
        r"apis?|rest|http|curl|endpoints?|json|integrat\w*|requests?|openapi",
        "接口|介面|[調调]用|整合|集成",
        "the API", "API", "API",
    ),
    _topic(
        "errors",
        r"errors?|fail\w*|codes|error.codes?|exceptions?|wrong|broken|not working|no_\w+"
        r"|\w+_(?:not|for|failed|timeout|limited|required|denied|long|error)\w*"
        r"|timeouts?|time.?outs?|retr(?:y|ies|yable)|troubleshoot\w*|bugs?|[45]\d\d",
        "[錯错][誤误]|失[敗败]|逾[時时]|超[時时]|故障|重[試试]|[錯错][碼码]|[報报][錯错]",
        "error codes", "錯誤碼", "错误码",
    ),
    _topic(
        "code",
        r"code|python|javascript|js|script|program\w*|snippets?|example code|client|eventsource",
        "[程代][式码碼序]|[編编]程|脚本|腳本",
        "code examples", "程式範例", "代码示例",
    ),
    _topic(
        "database",
        r"databases?|db|sqlite|postgres\w*|sql|database_url|migrat\w*|backups?|stor(?:e|es|ed|age)"
        r"|persist\w*|data",
        "資料|[数數][据據]|[備备]份|[儲储]存|保存|[遷迁]移",
        "databases", "資料庫", "数据库",
    ),
    _topic(
        "deploy",
        r"deploy\w*|procfile|heroku|production|host(?:ing|ed)?|gunicorn|docker|nginx|prox(?:y|ies)"
        r"|servers?|environment|env|healthz|readyz|scal(?:e|ing)|render\.com|fly\.io|dokku",
        "部署|上[線线]|主[機机]|伺服器|服[務务]器|生[產产]|[環环]境|[運运][維维]|[維维][運运]",
        "deployment", "部署", "部署",
    ),
    _topic(
        "security",
        r"secur\w*|safe\w*|privacy|private|encrypt\w*|xss|csrf|gdpr|attack\w*|hack\w*|trust\w*",
        "安全|[隱隐]私|加密|攻[擊击]",
        "security", "安全", "安全",
    ),
    _topic(
        "markdown",
        r"markdown|tables?|lists?|format\w*|footnotes?|headings?|html|bold|render\w*|images?",
        "表格|格式|粗[體体]|清[單单]|列表|註腳|脚注|[圖图]片",
        "Markdown", "Markdown", "Markdown",
    ),
    _topic(
        "accounts",
        r"log.?in|sign.?in|sign.?up|password|accounts?|users?|roles?|tokens?|bearer|auth\w*"
        r"|invit\w*|admin|owner|viewer",
        "登[入录錄]|密[碼码]|[帳账][號号户]|權杖|令牌|用[戶户]|使用者|[權权]限|角色",
        "accounts and tokens", "帳號與權杖", "账号与令牌",
    ),
    _topic(
        "commands",
        r"commands?|cli|shell|terminal|flask|doctor|command.line|make test|make lint",
        "命令|指令|[終终]端",
        "the command line", "命令列", "命令行",
    ),
    _topic(
        "run",
        r"install\w*|get(?:ting)? started|start\w*|make run|set.?up|requirements?|quick.?start"
        r"|begin|try it|run it|ports?",
        "安[裝装]|[啟启][動动]|[開开]始|入[門门]|快速",
        "installing it", "安裝", "安装",
    ),
    _topic(
        "tools",
        r"(?:mcp |using )?tools?|mcp|(?:tool|function) (?:calls?|calling)|tool servers?|approvals?",
        "工具",
        "tools", "工具", "工具",
    ),
    _topic(
        "limits",
        r"web ?search|browse|weather|maths?|calculat\w*|translat\w*|draw"
        r"|pictures?|files?|upload\w*|attach\w*|limit\w*|cannot you|can't you",
        "天[氣气]|[計计]算|翻[譯译]|[畫画]|[檔文][案件]|上[傳传]|限制|不能",
        "my limits", "我的限制", "我的局限",
    ),
    _topic("joke", r"jokes?|funny|laugh|humou?r", "笑[話话]|幽默"),
)  # fmt: skip

# What is left when a message names no subject.
MANNERS = (
    _topic(
        "thanks",
        r"thanks?|thank you|thx|cheers|great|cool|nice|awesome|well done",
        "[謝谢]|感恩|太好了|[贊赞]",
    ),
    _topic("bye", r"bye|goodbye|see you|good night|farewell|ciao", "再[見见]|拜拜|晚安|下次"),
    _topic(
        "help",
        r"help|topics?|what can (?:you|i) (?:do|ask)|what do you know|what else|features?|menu",
        "[幫帮][助忙]|[你您](?:[會会]|能做|可以)|主[題题]|功能|什[麼么]都",
    ),
    _topic(
        "more",
        r"(?:tell me |say |know )?more|go on|go ahead|continue|and then|yes|ok(?:ay)?|sure",
        "[繼继][續续]|更多|[還还]有|好的|然[後后]",
    ),
    _topic(
        "what",
        r"holdfast|what(?:'s| is) (?:this|it)|what does (?:it|this) do|purpose",
        "是什[麼么]|介[紹绍]|[這这]是|[為为]什[麼么]|做什[麼么]",
    ),
    _topic(
        "greeting",
        r"hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|greetings|yo|welcome|test"
        r"|how are you|ping",
        "[你您]好|嗨|哈[囉啰罗]|早安|早上好|晚上好|下午好|[測测][試试]|大家好",
    ),
)  # fmt: skip
