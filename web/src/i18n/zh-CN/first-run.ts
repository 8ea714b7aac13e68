import type { firstRun as en } from '../en/first-run.ts'
import type { Translation } from '../translation.ts'

export const firstRun: Translation<typeof en> = {
  title: '设置密码',
  text: '{name} 仍在使用默认密码。请设置一个只有您知道的密码，然后推送第一个镜像。',
  password: '新密码',
  again: '再次输入',
  weak: '尚未满足要求。',
  different: '两次输入不一致。',
  submit: '设置密码并继续',
  rules: {
    length: '8 至 128 个字符',
    cases: '包含大写和小写字母',
    digit: '包含数字',
    other: '不同于默认密码',
  },
}
