// A person at a Streamlit application, in Chromium; prints what it knows of them as JSON.
import { chromium } from 'playwright-core'

const { BASE, EMAIL, PASSWORD } = process.env
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
const tab = await browser.newPage()
tab.setDefaultTimeout(40_000)
await tab.goto(BASE)
await tab.click('button:has-text("Log in")')
await tab.fill('input[name=email]', EMAIL)
await tab.fill('input[name=password]', PASSWORD)
await tab.click('main button[type=submit]')
await tab.click('main button[type=submit]')
console.log(await tab.locator('code').first().innerText())
await browser.close()
