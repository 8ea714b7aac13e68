import type { signIn as en } from '../en/sign-in.ts'
import type { Translation } from '../translation.ts'

export const signIn: Translation<typeof en> = {
  title: '登录',
  welcome: '登录 {host}',
  username: '用户名',
  password: '密码',
  submit: '登录',
  byPasskey: '使用通行密钥登录',
  ldapHint: '使用目录服务（LDAP）账号，或本地账号。',
  withProvider: '使用 {provider} 登录',
  localInstead: '使用本地账号登录',
  or: '或',
  wrong: '用户名或密码不正确。请按管理员创建的写法输入用户名，密码区分大小写。',
  firstPassword:
    '管理员仍在使用默认密码，因此该账号只能在本系统所在的机器上登录。请在那台机器上执行：berth user set-password admin，或在那里打开 http://localhost 的控制台修改密码。',
  goesToProvider: '此账号需通过 {provider} 登录。',
  sessionEnded: '会话已结束。重新登录后将回到刚才的页面。',
  browsePublic: '浏览公开项目',
  forgotten: '忘记密码？管理员可以重设：berth user set-password 用户名',
  expired: {
    title: '请设置新密码',
    text: '您的密码已超过本系统允许的使用期限。',
    next: '新密码',
    rule: '8 至 128 个字符，须包含大写字母、小写字母和数字。',
    again: '再次输入新密码',
    different: '两次输入的密码不一致。',
    submit: '修改并登录',
    back: '使用其他账号',
  },
  onboarding: {
    title: '选择用户名',
    text: '{provider} 已验证您的身份。这是您首次来到这里：请选择在本系统中使用的用户名。它会出现在日志和 docker login 中，之后无法更改。',
    submit: '使用此用户名继续',
    invalid: '1 到 255 个字符，首尾不能有空格，且不含 , " ~ # % $ : \\',
    taken: '{name} 已被另一个账号使用。请换一个用户名；如果那是您的账号，请联系管理员。',
    expired: '此次登录开始于十分钟之前，或在另一个浏览器中进行。请重新登录，只需点击一次。',
    disabled: '此账号已被禁用。请联系管理员启用。',
    again: '重新登录',
  },
}
