// SPDX-License-Identifier: Apache-2.0
// A believable small company for developing the page: people, channels, a week of talk in Chinese and English.
export const departments = ['运维部', '产品部', 'Engineering', '法务部', '财务部', '市场部'];

export const people = [
  ['lin.mei', '林玫', '产品经理', 1, 'member'], ['chen.hao', '陈浩', '系统管理员', 0, 'system_admin'], ['zhao.yun', '赵芸', '安全管理员', 0, 'security_admin'],
  ['wang.lei', '王磊', '审计', 3, 'audit_admin'], ['sarah.kim', 'Sarah Kim', 'Staff engineer', 2, 'member'], ['tom.becker', 'Tom Becker', 'Site reliability', 2, 'member'],
  ['liu.yang', '刘洋', '后端工程师', 2, 'member'], ['sun.jing', '孙静', '设计师', 1, 'member'], ['zhou.min', '周敏', '法务主管', 3, 'member'],
  ['wu.gang', '吴刚', '会计', 4, 'member'], ['xu.li', '徐丽', '市场经理', 5, 'member'], ['he.jun', '何军', '值班工程师', 0, 'member'],
  ['anna.rossi', 'Anna Rossi', 'Designer', 1, 'member'], ['david.chen', 'David Chen', 'Mobile', 2, 'member'], ['guo.ying', '郭颖', '测试工程师', 2, 'member'],
  ['ouyang.ming', '欧阳明', '架构师', 2, 'member'], ['ma.chao', '马超', '出纳', 4, 'member'], ['zhu.dan', '朱丹', '品牌', 5, 'member'],
  ['lee.waiman', '李慧敏', '香港市場', 5, 'member'], ['james.oneil', "James O'Neil", 'Legal counsel', 3, 'member'], ['deng.fei', '邓飞', '产品运营', 1, 'locked'],
  ['new.person', '新同事', '', 5, 'invited'],
];

export const channels = [
  ['全公司', 'public', '公告和大家都该知道的事'], ['engineering', 'public', 'Builds, reviews, incidents'], ['产品讨论', 'public', '需求、设计稿、排期'],
  ['值班', 'private', '值班交接与事故'], ['法务-合同', 'private', '合同审阅'], ['random', 'public', 'Anything goes'], ['设计评审', 'public', '每周二、四下午'], ['财务月结', 'private', ''],
];

const talk = {
  全公司: [
    ['chen.hao', '大家早！今天起全员远程办公，VPN 不用装了，直接用浏览器登录这里就行。'], ['zhao.yun', '补充两点：\n1. 请尽快在“我的账户”里添加通行密钥，以后登录只要按一下指纹；\n2. 收到任何索要验证码的电话或短信，都不要给。'],
    ['xu.li', '收到 👍'], ['sarah.kim', 'Works on my phone too. Nice that it needs no app.'], ['wu.gang', '请问发票怎么提交？还是原来的流程吗？'],
    ['chen.hao', '流程不变，附件下周支持，这周先发邮件。'], ['lee.waiman', '香港辦公室同事都已登入，一切正常。'], ['zhou.min', '提醒：涉及客户个人信息的内容，请不要发到公开频道。'],
    ['lin.mei', '明天上午十点产品周会，议程我放在「产品讨论」。'], ['tom.becker', 'Maintenance window tonight 22:00–22:10 UTC+8. You should not notice anything; if you do, tell me.'],
  ],
  engineering: [
    ['sarah.kim', 'The release branch is cut. Two fixes still to land: the reconnect jitter and the Safari focus bug.'], ['liu.yang', '我来看 Safari 那个，应该是 dialog 关闭后焦点没有还回去。'],
    ['sarah.kim', 'Great, thanks. https://bugs.example.com/1482 has the steps.'], ['ouyang.ming', '另外压测结果出来了：p95 比上周低了 18%，主要是连接池的改动。图在周会上讲。'],
    ['david.chen', 'Nice!'], ['guo.ying', '回归测试跑完了，612 条通过，0 条失败。'], ['tom.becker', 'Deploying to staging now.'], ['tom.becker', 'Done. Took 41 seconds, no errors in the log.'],
    ['liu.yang', 'Safari 的修好了，麻烦看一下：\nfocus() 要等到 inert 去掉之后的下一帧再调用。'], ['sarah.kim', 'Reviewed, one small remark, otherwise good to go.'], ['lin.mei', '那我们今天下午可以发了吗？'],
    ['sarah.kim', 'Yes — 16:00, if nobody objects.'],
  ],
  产品讨论: [
    ['lin.mei', '周会议程：\n- 远程签到的反馈\n- 审批流第一版\n- 下个月排期'], ['sun.jing', '审批流的稿子更新了，把“驳回”和“退回修改”分开了，测试用户都说更清楚。'], ['anna.rossi', 'I like it. Could the reason field be required only for rejections?'],
    ['sun.jing', '可以，我改一下。'], ['lin.mei', '好。还有，空状态的文案别写“暂无数据”，告诉人可以做什么。'],
  ],
  值班: [['he.jun', '昨晚 02:13 有一次磁盘告警，已扩容，复盘文档今天写。'], ['tom.becker', 'Handing over: nothing open.'], ['he.jun', '接班，今晚我在。']],
  '法务-合同': [['zhou.min', '第七版合同里第 12 条改回去了，请 James 再看一眼英文版。'], ['james.oneil', 'Looks right. “Reasonable efforts” stays.']],
  random: [['david.chen', 'Anyone for a virtual coffee at three?'], ['zhu.dan', '我！'], ['anna.rossi', 'In.']],
  设计评审: [['sun.jing', '今天看两个：移动端底栏、深色模式的对比度。']],
  财务月结: [['ma.chao', '银行流水已导出。'], ['wu.gang', '收到，下午对账。']],
};

export const talkOf = (name) => talk[name] ?? [];
export const directs = [['sun.jing', ['稿子我看了，有两处小问题，标在图上了。', '好的，我今天改完发你。', '不急，明天上午之前就行。']], ['sarah.kim', ['Do you have five minutes for the rollout plan?', 'Sure, now is good.']], ['zhao.yun', ['你的通行密钥添加好了吗？']]];
